# An old one, as found in many repositories
FROM ubuntu
MAINTAINER Ann Example <ann@example.org>

env DEBIAN_FRONTEND noninteractive
ENV PATH /opt/tool/bin:$PATH
RUN apt-get update
RUN apt-get install -y apache2 \

    php

ADD site.tar.gz /var/www/
ADD https://example.org/motd /etc/motd
ONBUILD ADD . /var/www/app
ONBUILD RUN /usr/local/bin/prepare --quiet
VOLUME /var/www /var/log/apache2
EXPOSE 80 443
WORKDIR var/www
CMD apachectl -D FOREGROUND
