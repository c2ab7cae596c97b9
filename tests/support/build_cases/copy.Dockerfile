FROM busybox
WORKDIR /srv/app
COPY app.py run.sh ./
COPY lib lib
COPY lib/ /lib-too/
COPY . /all/
COPY *.py private /globbed/
COPY --chown=12:34 lib /owned
COPY --chown=daemon big /made/on/the/way/big
ADD archive.tar.gz /unpacked/
ADD app.py /added
COPY app.py /srv/app/lib/one
WORKDIR relative
WORKDIR /srv/app
