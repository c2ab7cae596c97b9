#   syntax = docker/dockerfile:1-labs
#escape=\
# a comment ends the directives
# escape=`
   # indented comment
	FROM alpine AS fetch
RUN --mount=type=ssh --security=sandbox \
  mkdir -p -m 0700 ~/.ssh && \
  # keys first

  ssh-keyscan example.org >> ~/.ssh/known_hosts && \
  git clone git@example.org:team/repo.git /repo   
RUN echo "# not a comment" '# nor this' \# nor that
RUN --mount=type=secret,id=token,env=TOKEN,required=true \
    --mount=type=secret,id=netrc,target=/root/.netrc,mode=0600,uid=1000,gid=1000 \
    curl --header "Authorization: $TOKEN" https://example.org/x
FROM fetch
RUN ["/bin/sh", "-c", "echo \"exec form\" # with a hash"]
