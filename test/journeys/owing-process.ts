// A node that comes to owe a text message and a ping and gets no further: its parent kills it when it says that it has committed.
import { createFoundation, createStores } from '../../src/compose/foundation.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'
import type { Institution, RelyingParty } from '../../src/domain/institution.ts'
import { createDeliveries } from '../../src/flows/deliveries.ts'
import type { Delivery } from '../../src/ports/deliveries.ts'
import type { Ping } from '../../src/ports/pings.ts'
import { openJobs } from '../../src/storage/jobs.ts'
import { migrate } from '../../src/storage/migrate.ts'
import { openDatabase } from '../../src/storage/open.ts'

interface Owing {
  readonly settings: SettingsInput
  readonly institution: Institution
  readonly delivery: Delivery
  readonly relyingParty: RelyingParty
  readonly ping: Ping
  readonly phone: string
}

process.once('message', async (owing: Owing) => {
  const { settings, institution, delivery, phone, relyingParty, ping } = owing
  const config = loadSettings(settings, {}, { demo: true })
  const database = await openDatabase({ ...config.database, url: undefined })
  await migrate(database, undefined)
  const base = createFoundation(config, database, {})
  const stores = createStores(base)
  const { deliveries: jobs } = await openJobs(database, base.connections, {
    attemptMs: 5000,
    failed: console.error,
  })
  const deliveries = createDeliveries({ ...base, ...stores, jobs })
  await stores.directory.put(
    { institution, relyingParties: [relyingParty], connections: [], cores: [] },
    'file',
  )
  const key = {
    ...{ institution: institution.id, connection: 'idp', issuer: 'https://idp.example', format: '' },
    ...{ qualifiers: '', value: delivery.subject },
  }
  await base.unit.run({ institution: institution.id, reference: 'DB-TEST-0001' }, async () => {
    await stores.subjects.resolve(key, { phone_number: phone }, delivery.subject)
    await deliveries.enqueue(delivery)
    await stores.pings.put(ping, { dueAt: Date.now() + 600_000, expiresAt: Date.now() + 900_000 })
    await stores.pings.due(institution.id, ping.request, Date.now())
  })
  process.send?.('owed')
})
