// The tables of the house. Every key of a tenant's table begins with the institution (ruling R-9, invariant 5).
import type { Knex } from 'knex'

const tables = `
create table institution (
  institution text primary key,
  settings jsonb not null,
  managed_by text not null,
  updated_at timestamptz not null default now()
);
create table relying_party (
  institution text not null references institution, id text not null,
  settings jsonb not null, managed_by text not null, updated_at timestamptz not null default now(),
  primary key (institution, id)
);
create table connection (
  institution text not null references institution, id text not null,
  settings jsonb not null, managed_by text not null, updated_at timestamptz not null default now(),
  primary key (institution, id)
);
create table core (
  institution text not null references institution, id text not null,
  settings jsonb not null, managed_by text not null, updated_at timestamptz not null default now(),
  primary key (institution, id)
);
create table login_transaction (
  institution text not null, uid text not null,
  record jsonb not null, outcome text not null, upstream_request text, expires_at timestamptz not null,
  primary key (institution, uid)
);
create index login_transaction_expiry on login_transaction (expires_at);
create table upstream_answer (
  institution text not null, handle_hash text not null,
  connection text not null, relay_state text not null, payload text not null,
  taken_at timestamptz, expires_at timestamptz not null,
  primary key (institution, handle_hash)
);
create index upstream_answer_expiry on upstream_answer (expires_at);
create table subject (
  institution text not null, key_hash text not null,
  sub text not null, claims text not null,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (institution, key_hash)
);
create unique index subject_sub on subject (institution, sub);
create table upstream_session (
  institution text not null, connection text not null, name_id_hash text not null, session_index text not null,
  name_id text not null, subject text not null, login text not null, expires_at timestamptz not null,
  primary key (institution, connection, name_id_hash, session_index)
);
create index upstream_session_expiry on upstream_session (expires_at);
create table consent (
  institution text not null, subject text not null, relying_party text not null,
  scopes text[] not null, updated_at timestamptz not null default now(),
  primary key (institution, subject, relying_party)
);
create table replay (
  institution text not null, kind text not null, id text not null, expires_at timestamptz not null,
  primary key (institution, kind, id)
);
create index replay_expiry on replay (expires_at);
create table device (
  institution text not null, id text not null,
  subject text not null, relying_party text not null, name text not null, state text not null,
  jkt text not null, public_jwk jsonb not null, nonce text not null, nonce_expires_at timestamptz not null,
  created_at timestamptz not null, activated_at timestamptz, revoked_at timestamptz,
  primary key (institution, id)
);
create unique index device_key on device (institution, jkt) where state <> 'revoked';
create index device_subject on device (institution, subject);
create table pin (
  institution text not null, subject text not null,
  verifier text not null, updated_at timestamptz not null default now(),
  primary key (institution, subject)
);
create table pin_attempts (
  institution text not null, subject text not null, device text not null,
  used integer not null, locked_until timestamptz, updated_at timestamptz not null default now(),
  primary key (institution, subject, device)
);
create table oidc_payload (
  institution text not null, model text not null, id_hash text not null,
  payload jsonb not null, grant_id text, uid text, session_uid text, jkt text, account_id text, client_id text,
  consumed_at timestamptz, expires_at timestamptz,
  primary key (institution, model, id_hash)
);
create index oidc_payload_grant on oidc_payload (institution, grant_id) where grant_id is not null;
create index oidc_payload_session on oidc_payload (institution, session_uid) where session_uid is not null;
create index oidc_payload_jkt on oidc_payload (institution, jkt) where jkt is not null;
create unique index oidc_payload_uid on oidc_payload (institution, uid) where model = 'Session' and uid is not null;
create index oidc_payload_expiry on oidc_payload (expires_at) where expires_at is not null;
create table audit_event (
  institution text not null, node text not null, counter bigint not null,
  at timestamptz not null, type text not null, body text not null, personal text, leaf bytea not null, log_index bigint,
  primary key (institution, node, counter)
);
create index audit_event_pending on audit_event (institution, at) where log_index is null;
create unique index audit_event_index on audit_event (institution, log_index) where log_index is not null;
create table audit_checkpoint (
  institution text not null, size bigint not null,
  root bytea not null, note text not null, frontier text not null, at timestamptz not null default now(),
  primary key (institution, size)
);
create table signing_key (
  institution text not null, purpose text not null, kid text not null,
  algorithm text not null, sealed text not null, public_jwk jsonb not null, certificate text not null,
  state text not null, created_at timestamptz not null default now(),
  primary key (institution, purpose, kid)
);
create unique index signing_key_active on signing_key (institution, purpose) where state = 'active';
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
