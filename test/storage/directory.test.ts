// The cached directory on the one connection of the embedded database: nobody waits for somebody who waits for them.
import { expect, test } from 'vitest'
import { alder } from '../journeys/parts.ts'
import { everything, id, login, scope } from './rig.ts'
import { migrated, scratch } from './scratch.ts'

test('who holds the connection does not wait for a read that waits for it', async () => {
  const place = await scratch('embedded')
  const database = await migrated(place)
  try {
    const all = everything(database)
    await all.directory.put({ institution: alder, relyingParties: [], connections: [], cores: [] }, 'file')
    await all.unit.run(scope(), async () => {
      await all.logins.create(login(id()))
      // Another request, outside of this unit, asks first and waits for our connection.
      let over = false
      const other = outside(() => all.directory.institution('alder')).finally(() => {
        over = true
      })
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect((await all.directory.institution('alder'))?.id).toBe('alder')
      // It has the connection only once we have given it back.
      expect(over).toBe(false)
      pending.push(other)
    })
    expect((await pending[0])?.id).toBe('alder')
  } finally {
    await database.close()
    await place.remove()
  }
})

const pending: Promise<{ readonly id: string } | undefined>[] = []
const queue: (() => void)[] = []
// Begun before any unit, so that what it runs is in none.
const runner = setInterval(() => queue.shift()?.(), 1)
runner.unref()

const outside = <T>(work: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => queue.push(() => work().then(resolve, reject)))
