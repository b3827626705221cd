#!/usr/bin/env bash
# Creates a scratch org with the reference program in it and opens the app.
#
#   bin/install-scratch.sh [alias] [--with-sample-data]
#
# Needs the sf command line, logged in to a Dev Hub; the sample data also needs this repository's Python.
set -euo pipefail
cd "$(dirname "$0")/.."

alias="crm-reference"
sample_data=false
for argument in "$@"; do
  case "$argument" in
    --with-sample-data) sample_data=true ;;
    -*) echo "Unknown option $argument; the only one is --with-sample-data." >&2; exit 2 ;;
    *) alias="$argument" ;;
  esac
done

echo "1/4 Creating the scratch org $alias (about two minutes)"
sf org create scratch --definition-file config/scratch-orgs/base-scratch-def.json \
  --alias "$alias" --set-default --duration-days 14 --wait 15

echo "2/4 Deploying the package source"
sf project deploy start --source-dir crm-reference --target-org "$alias" --wait 20

echo "3/4 Giving you every role, to look at the program from all sides"
sf org assign permset --target-org "$alias" \
  --name Reference_Admin --name Reference_Program_Owner --name Reference_Account_Owner --name Reference_Requester

if [ "$sample_data" = true ]; then
  echo "4/4 Loading the sample records (dates are those of data/anchor.json)"
  sample="$(mktemp -d)"
  trap 'rm -rf "$sample"' EXIT
  python3 data/without_users.py "$sample"
  sf org assign permset --target-org "$alias" --name Reference_Data_Import
  sf data import tree --plan "$sample/plan.json" --target-org "$alias"
  echo "Take the permission set Reference_Data_Import away from yourself when you have seen enough."
else
  echo "4/4 No sample records; call again with --with-sample-data for some"
fi

sf org open --target-org "$alias" --path lightning/app/c__Reference_Program
