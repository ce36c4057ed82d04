#!/usr/bin/env bash
# Apache WSS4J as an independent verifier of our messages.
# usage: wss4j.sh trust OUT.jks CERT.pem...     a trust store (password changeit) with these certificates
#        wss4j.sh verify TRUST.jks [options] FILE...     ACCEPT or REJECT a line each; exit 0 when all were accepted
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
J=/usr/share/java
CP=$J/wss4j.jar:$J/xmlsec.jar:$J/commons-logging.jar:$J/slf4j-api.jar:$J/slf4j-nop.jar:$J/commons-codec.jar
for need in java javac keytool $J/wss4j.jar $J/xmlsec.jar; do
  command -v "$need" >/dev/null || [ -e "$need" ] || {
    echo "missing $need; run: apt-get install -y default-jdk-headless libwss4j-java libxml-security-java libcommons-logging-java libslf4j-java libcommons-codec-java" >&2
    exit 5
  }
done
case ${1:-} in
trust)
  out=$2; shift 2; rm -f "$out"; n=0
  for cert in "$@"; do
    n=$((n + 1)); keytool -importcert -noprompt -alias "c$n" -file "$cert" -keystore "$out" -storetype JKS -storepass changeit 2>/dev/null
  done ;;
verify)
  classes=${TMPDIR:-/tmp}/drawbridge-wss4j.$(id -u)
  if [ ! -e "$classes/WssVerify.class" ] || [ "$here/verify/java/WssVerify.java" -nt "$classes/WssVerify.class" ]; then
    mkdir -p "$classes"; javac -nowarn -cp "$CP" -d "$classes" "$here/verify/java/WssVerify.java" 2>/dev/null
  fi
  trust=$2; shift 2
  exec java -Dfile.encoding=UTF-8 -cp "$CP:$classes" WssVerify --trust "$trust" "$@" ;;
*) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
