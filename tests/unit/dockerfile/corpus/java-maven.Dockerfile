FROM maven:3-eclipse-temurin-21 AS build
WORKDIR /home/app
COPY pom.xml .
RUN mvn -B -q dependency:go-offline
COPY src src
RUN mvn -B -q package -DskipTests

FROM eclipse-temurin:21-jre
ENV JAVA_OPTS="-XX:MaxRAMPercentage=75 -Dfile.encoding=UTF-8" TZ='Europe/Berlin'
COPY --from=build ["/home/app/target/app.jar", "/opt/my app/app.jar"]
WORKDIR "/opt/my app"
EXPOSE 8080
# the shell form, on purpose: JAVA_OPTS is expanded when the container starts
ENTRYPOINT exec java $JAVA_OPTS -jar app.jar
CMD []
HEALTHCHECK NONE
