// What risk providers were asked and answered, what they keep of customers, and the queue of what they are told.
import type { Knex } from 'knex'

// address: a token that only the institution's key can make, by which attempts from one address are counted.
const tables = `
select jobs.create_queue('risk-report', '{"policy": "standard"}'::jsonb);
create table risk_assessment (
  institution text not null, id text not null, kind text not null, subject text not null, relying_party text not null,
  reference text not null, about text, address text,
  action text not null, reason text not null, score integer, record text not null,
  created_at timestamptz not null, settle_by timestamptz not null, outcome text, ended_at timestamptz,
  primary key (institution, id)
);
create index risk_assessment_subject on risk_assessment (institution, subject, created_at);
create index risk_assessment_address on risk_assessment (institution, address, created_at) where address is not null;
create index risk_assessment_reference on risk_assessment (institution, reference);
create index risk_assessment_about on risk_assessment (institution, about) where about is not null;
create index risk_assessment_open on risk_assessment (settle_by) where outcome is null;
create table risk_shadow (
  institution text not null, assessment text not null, provider text not null, kind text not null,
  action text not null, said text not null, would_be text not null, created_at timestamptz not null,
  primary key (institution, assessment, provider)
);
create index risk_shadow_at on risk_shadow (institution, created_at);
create table risk_memory (
  institution text not null, provider text not null, key text not null, value text, count integer not null default 0,
  expires_at timestamptz not null,
  primary key (institution, provider, key)
);
create index risk_memory_expires on risk_memory (expires_at);
`

export async function up(knex: Knex): Promise<void> {
  // Functions of pg-boss have question marks in them, which are no bindings.
  await knex.raw(tables.replaceAll('?', '\\?'))
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
