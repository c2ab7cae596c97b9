# escape=`

FROM mcr.example.org/windows/servercore:ltsc2022
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"]
ENV APP_HOME=C:\app `
    "PATH_EXTRA=C:\Program Files\tool"
WORKDIR C:\app
COPY app.exe C:\app\
RUN Invoke-WebRequest https://example.org/x.zip -OutFile x.zip ; `
    Expand-Archive x.zip ; `
    Remove-Item x.zip
CMD ["C:\\app\\app.exe"]
