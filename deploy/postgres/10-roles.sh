#!/bin/sh
# Runs once, when PostgreSQL makes its cluster: the two roles of the portal and its database.
#
# studyportal_owner owns the database and changes its schema (migrate). studyportal_app is what web, worker and
# beat are: it owns nothing, cannot bypass row-level security, and loses UPDATE and DELETE on every log after
# each migration. On a server of your own, run the same statements by hand.
set -eu

owner_password=$(cat /run/secrets/owner_password)
app_password=$(cat /run/secrets/app_password)

psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
     --set owner_password="$owner_password" --set app_password="$app_password" <<'SQL'
CREATE ROLE studyportal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE studyportal_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE studyportal OWNER studyportal_owner;
\connect studyportal
REVOKE CONNECT ON DATABASE studyportal FROM PUBLIC;
GRANT CONNECT ON DATABASE studyportal TO studyportal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE studyportal_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO studyportal_app;
ALTER DEFAULT PRIVILEGES FOR ROLE studyportal_owner
    GRANT USAGE, SELECT ON SEQUENCES TO studyportal_app;
SQL
