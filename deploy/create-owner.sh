#!/bin/sh
# Runs once, when the image creates the database. Creates the role of the server, which is not a superuser, and its database.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --set=owner_password="$OWNER_PASSWORD" <<'SQL'
create role task_jobs login password :'owner_password';
create database task_jobs owner task_jobs;
SQL
