#!/bin/sh
# Makes the secrets that docker-compose.yml reads, each once; never overwrites one.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
for name in secret_key postgres_password owner_password app_password identity_keys identity_index_key checkpoint_key; do
    if [ ! -e "secrets/$name" ]; then
        # 48 bytes of the system's randomness as letters and digits
        head -c 48 /dev/urandom | od -An -tx1 | tr -d ' \n' > "secrets/$name"
        # The containers' users are not ours; the directory keeps everybody else out.
        chmod 444 "secrets/$name"
        echo "made deploy/secrets/$name"
    fi
done
# Written by hand, where checkpoints of the consent log are mailed (deploy/README.md); empty: nothing is mailed.
if [ ! -e secrets/email_url ]; then
    : > secrets/email_url
    chmod 444 secrets/email_url
fi
chmod 700 secrets
