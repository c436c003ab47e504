import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everything, type Storage, type Transaction } from '../../sdk/src/store/storage.ts'
import { type Place, type PlaceName, places } from './adapters.ts'

const folder = mkdtempSync(join(tmpdir(), 'vicinity-storage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const names = Object.keys(places) as PlaceName[]
let files = 0

describe.each(names)('what is kept in %s', (name) => {
  let place: Place
  let storage: Storage
  beforeEach(() => {
    place = places[name](join(folder, `${++files}.db`))
    storage = place.open()
  })
  afterEach(() => storage.close())

  const write = <Result>(work: (tx: Transaction) => Promise<Result>) => storage.transaction('write', work)
  const read = <Result>(work: (tx: Transaction) => Promise<Result>) => storage.transaction('read', work)
  const keys = async (tx: Transaction) => (await tx.range('messages', everything)).map(({ key }) => key)

  test('is there afterwards, as it was, and in its own table only', async () => {
    const value = { text: 'Grüße 👋 \u0000 "', list: [1, null, { deep: true }], none: null }
    await write((tx) => tx.put('messages', 'a', value))
    expect(await read((tx) => tx.get('messages', 'a'))).toEqual(value)
    expect(await read((tx) => tx.get('profiles', 'a'))).toBeUndefined()
    expect(await read((tx) => tx.get('messages', 'b'))).toBeUndefined()
  })

  test('is replaced and deleted, and deleting what is not there is nothing', async () => {
    await write(async (tx) => {
      await tx.put('messages', 'a', { n: 1 })
      await tx.put('messages', 'a', { n: 2 })
      await tx.put('messages', 'b', { n: 3 })
      await tx.delete('messages', 'b')
      await tx.delete('messages', 'never')
      expect(await keys(tx)).toEqual(['a'])
    })
    expect(await read((tx) => tx.get('messages', 'a'))).toEqual({ n: 2 })
  })

  test('is read in the order of its keys, between two of them, from both ends, as many as asked', async () => {
    const order = ['A!9', 'Zz=!0', 'a+b!1', 'a/b!1', 'a!0000000002', 'a!0000000010', 'b!1'].sort()
    await write(async (tx) => {
      for (const key of [...order].reverse()) await tx.put('messages', key, { key })
    })
    const range = (given: object) =>
      read(async (tx) => (await tx.range('messages', { ...everything, ...given })).map(({ key }) => key))
    expect(await range({})).toEqual(order)
    expect(await range({ reverse: true })).toEqual([...order].reverse())
    expect(await range({ from: 'a!', to: 'a"' })).toEqual(['a!0000000002', 'a!0000000010'])
    expect(await range({ from: 'a!', to: 'a"', reverse: true, limit: 1 })).toEqual(['a!0000000010'])
    expect(await range({ from: order[1], to: order[4] })).toEqual(order.slice(1, 4))
    expect(await range({ limit: 2 })).toEqual(order.slice(0, 2))
    expect(await range({ reverse: true, to: order[3], limit: 2 })).toEqual([order[2], order[1]])
    expect(await range({ from: 'x', to: 'x' })).toEqual([])
  })

  test('is unchanged when a transaction fails in its middle, and the next one works', async () => {
    await write((tx) => tx.put('messages', 'a', { n: 1 }))
    const failing = write(async (tx) => {
      await tx.put('messages', 'a', { n: 2 })
      await tx.put('messages', 'b', { n: 2 })
      await tx.delete('messages', 'a')
      throw new Error('killed')
    })
    await expect(failing).rejects.toThrow('killed')
    expect(await read(keys)).toEqual(['a'])
    expect(await read((tx) => tx.get('messages', 'a'))).toEqual({ n: 1 })
    await write((tx) => tx.put('messages', 'c', { n: 3 }))
    expect(await read(keys)).toEqual(['a', 'c'])
  })

  test('counts up without a number lost, whoever asks at the same time', async () => {
    const add = () =>
      write(async (tx) => {
        const { n } = (await tx.get<{ n: number }>('meta', 'n')) ?? { n: 0 }
        await tx.put('meta', 'n', { n: n + 1 })
        return n
      })
    const given = await Promise.all(Array.from({ length: 50 }, add))
    expect(new Set(given).size).toBe(50)
    expect(await read((tx) => tx.get('meta', 'n'))).toEqual({ n: 50 })
  })

  test('is there when it is opened again', async () => {
    await write((tx) => tx.put('outbox', 'a', { n: 1 }))
    await storage.close()
    storage = place.open()
    expect(await read((tx) => tx.get('outbox', 'a'))).toEqual({ n: 1 })
  })

  test('holds ten thousand records that came in any order', async () => {
    const shuffled = Array.from({ length: 10_000 }, (_, n) => String((n * 7919) % 10_000).padStart(5, '0'))
    await write(async (tx) => {
      for (const key of shuffled) await tx.put('messages', key, { key })
    })
    expect(await read(keys)).toEqual([...shuffled].sort())
    await write(async (tx) => {
      for (const key of shuffled.slice(0, 9_990)) await tx.delete('messages', key)
    })
    expect(await read(keys)).toEqual(shuffled.slice(9_990).sort())
  })
})
