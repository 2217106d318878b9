#!/bin/sh
# Makes the role and the database of crmkit when the volume of PostgreSQL is new. The role owns its
# database and may do nothing else.
psql --username="${POSTGRES_USER:-postgres}" --dbname=postgres --set=ON_ERROR_STOP=1 --set=password="$CRM_PASSWORD" <<'SQL'
CREATE ROLE crm LOGIN PASSWORD :'password';
CREATE DATABASE crm OWNER crm TEMPLATE template0 ENCODING 'UTF8';
SQL
