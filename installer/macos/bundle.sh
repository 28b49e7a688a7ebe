#!/bin/sh
# Puts the bundle together: bundle.sh PROGRAMS VERSION ICNS OUT. PROGRAMS is a folder with afterword-demo and
# afterword-reporter for macOS; OUT is where "Afterword Demo.app" goes. Runs on any system with a shell.
#
#   Afterword Demo.app/Contents/
#       Info.plist
#       MacOS/afterword-demo          the application
#       MacOS/afterword-reporter      beside it, where afterword looks for it: a helper elsewhere needs Reporter::At
#       Resources/afterword.icns
set -eu

if [ $# -ne 4 ]; then
    echo "usage: bundle.sh PROGRAMS VERSION ICNS OUT" >&2
    exit 2
fi
programs=$1 version=$2 icns=$3 out=$4
here=$(cd "$(dirname "$0")" && pwd)
contents="$out/Afterword Demo.app/Contents"

rm -rf "$out/Afterword Demo.app"
mkdir -p "$contents/MacOS" "$contents/Resources"
for program in afterword-demo afterword-reporter; do
    cp "$programs/$program" "$contents/MacOS/$program"
    chmod 755 "$contents/MacOS/$program"
done
sed "s/@VERSION@/$version/" "$here/Info.plist" >"$contents/Info.plist"
cp "$icns" "$contents/Resources/afterword.icns"
