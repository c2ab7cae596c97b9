FROM node:20-alpine AS deps
WORKDIR /repo
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts

FROM deps AS build
COPY . .
ARG PUBLIC_URL=/
ARG COMMIT
ENV REACT_APP_COMMIT=${COMMIT:-unknown} PUBLIC_URL=$PUBLIC_URL
RUN npm run lint && \
    npm test -- --watchAll=false && \
    npm run build

FROM nginx:1.25-alpine
COPY --from=build --link /repo/build /usr/share/nginx/html
COPY <<'NGINX' /etc/nginx/conf.d/default.conf
server {
  listen 80;
  location / {
    try_files $uri $uri/ /index.html;
  }
}
NGINX
LABEL org.opencontainers.image.title="front end" \
      org.opencontainers.image.source="https://example.org/front" \
      org.opencontainers.image.licenses='MIT'
