ARG RUST=1.77
ARG TARGET=x86_64-unknown-linux-musl

FROM rust:${RUST}-alpine AS chef
RUN apk add --no-cache musl-dev && cargo install cargo-chef --locked
WORKDIR /build

FROM chef AS plan
COPY --parents Cargo.toml Cargo.lock crates/*/Cargo.toml ./
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS bin
ARG TARGET
COPY --from=plan /build/recipe.json .
RUN cargo chef cook --release --target $TARGET --recipe-path recipe.json
COPY . .
RUN cargo build --release --target "$TARGET" \
    && strip "target/${TARGET}/release/app" -o /app

FROM gcr.example.org/distroless/static:nonroot
COPY --from=bin --chmod=u=rwx,go=rx /app /usr/bin/app
ENTRYPOINT ["/usr/bin/app"]
