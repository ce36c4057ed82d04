// Approvals out of band, what is kept of them as evidence, and the keys of devices that sign them.
import type { Knex } from 'knex'

// request_hash: of the CIBA request, by which polls are paced. A device may have one approval key, and a key one device.
const tables = `
create table approval (
  institution text not null, id text not null, subject text not null, relying_party text not null,
  origin text not null check (origin in ('backchannel', 'api', 'login')), reference text not null,
  hash text not null, transaction_id text, uid text, request_hash text,
  state text not null check (state in ('pending', 'approved', 'denied', 'reported', 'failed', 'held', 'withdrawn')),
  device text, record text not null,
  poll_seconds integer not null default 5, polled_at timestamptz,
  created_at timestamptz not null, expires_at timestamptz not null, ended_at timestamptz,
  primary key (institution, id)
);
create index approval_subject on approval (institution, subject, created_at);
create index approval_at on approval (institution, created_at, id);
create unique index approval_request on approval (institution, request_hash) where request_hash is not null;
create unique index approval_login on approval (institution, uid) where uid is not null and state = 'pending';
create index approval_transaction on approval (institution, transaction_id) where transaction_id is not null;
create table approval_evidence (
  institution text not null, id text not null, transaction_id text, digest text not null, record text not null,
  created_at timestamptz not null,
  primary key (institution, id)
);
create index approval_evidence_transaction on approval_evidence (institution, transaction_id);
alter table device add column approval_jkt text, add column approval_jwk jsonb,
  add column approval_registered_at timestamptz, add column approval_usable_from timestamptz;
create unique index device_approval_key on device (institution, approval_jkt)
  where approval_jkt is not null and state <> 'revoked';
create table user_code (
  institution text not null, subject text not null, verifier text not null, changed_at timestamptz not null default now(),
  primary key (institution, subject)
);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
