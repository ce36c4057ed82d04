// What is to reach customers: the queue of pg-boss with its one queue, what became of each message, and what devices fetch.
import type { Knex } from 'knex'
import { getConstructionPlans } from 'pg-boss'

// Whoever serves may have no right to make tables, so that pg-boss's own are made here. It asks for a transaction of its
// own around them; there is one already. A later version of its tables is a later migration (`getMigrationPlans`).
const queue = getConstructionPlans('jobs')
  .replace(/^\s*BEGIN;/, '')
  .replace(/COMMIT;\s*$/, '')

const tables = `
select jobs.create_queue('delivery', '{"policy": "standard"}'::jsonb);
create table delivery (
  institution text not null, id uuid not null, kind text not null, purpose text not null, subject text not null,
  trace jsonb not null, channel text,
  state text not null default 'owed' check (state in ('owed', 'sent', 'failed')),
  receipt text check (receipt in ('confirmed', 'failed')),
  created_at timestamptz not null default now(), expires_at timestamptz not null,
  primary key (institution, id)
);
create index delivery_expires on delivery (expires_at);
create table device_cursor (
  institution text not null, device text not null, last bigint not null,
  primary key (institution, device)
);
create table device_message (
  institution text not null, device text not null, id uuid not null, seq bigint not null,
  purpose text not null, handle text, sent_at timestamptz not null, expires_at timestamptz not null,
  primary key (institution, device, id)
);
create unique index device_message_seq on device_message (institution, device, seq);
create index device_message_expires on device_message (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  // Functions of pg-boss have question marks in them, which are no bindings.
  for (const text of [queue, tables]) await knex.raw(text.replaceAll('?', '\\?'))
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
