#!/bin/sh
# Signs a bundle, has Apple look at it, and makes a disk image of it. Only on macOS, with Xcode's command line tools:
#
#   IDENTITY="Developer ID Application: Example (TEAM)" PROFILE=notary notarize.sh "Afterword Demo.app"
#
# PROFILE is what `xcrun notarytool store-credentials` has put into the keychain.
set -eu

if [ $# -ne 1 ] || [ -z "${IDENTITY:-}" ] || [ -z "${PROFILE:-}" ]; then
    echo "usage: IDENTITY=… PROFILE=… notarize.sh BUNDLE.app" >&2
    exit 2
fi
if [ "$(uname)" != Darwin ]; then
    echo "notarize.sh: signing and notarising need macOS" >&2
    exit 1
fi
bundle=${1%/}
here=$(cd "$(dirname "$0")" && pwd)
image="${bundle%.app}.dmg"

# From the inside out: the signature of the bundle holds those inside it. The hardened runtime is what Apple asks for.
codesign --force --timestamp --options runtime --sign "$IDENTITY" \
    --entitlements "$here/reporter.entitlements" "$bundle/Contents/MacOS/afterword-reporter"
codesign --force --timestamp --options runtime --sign "$IDENTITY" \
    --entitlements "$here/app.entitlements" "$bundle"
codesign --verify --deep --strict --verbose=2 "$bundle"

hdiutil create -volname "$(basename "${bundle%.app}")" -srcfolder "$bundle" -ov -format UDZO "$image"
codesign --force --timestamp --sign "$IDENTITY" "$image"
xcrun notarytool submit "$image" --keychain-profile "$PROFILE" --wait
xcrun stapler staple "$image"
spctl --assess --type open --context context:primary-signature --verbose "$image"
