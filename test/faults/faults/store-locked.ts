import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { untouched, type Fault } from '../fault.ts'
import type { Stage } from '../stage.ts'

/** Three times as long as the gateway waits for the lock. */
const lockMs = 15_000
/** In each second: so that whoever waits always gets it, late. */
const slowMs = { locked: 800, free: 200 } as const
const slowSeconds = 10

export const storeLocked: Fault = {
  name: 'store-locked',
  done: 'another process holds the write lock of the database for 15 s, three times as long as the gateway waits',
  holds: 'everything comes out whole; tunnels are opened meanwhile; a change is made or refused',
  terms: untouched,
  async run({ start, stage }) {
    // Let go of whatever comes: the next faults need the database.
    using database = openDatabase(stage)
    database.exec('BEGIN IMMEDIATE')
    const creating = create(stage, 'while-locked')
    for (const way of stage.ways) await start(way, { expected: 'whole' })
    await wait(lockMs)
    database.exec('ROLLBACK')
    const made = await creating
    await mustCreate(stage, 'after-lock')
    return { opened: stage.ways.length, refused: made === 0 ? 0 : 1 }
  },
}

export const storeSlow: Fault = {
  name: 'store-slow',
  done: 'the same for 0.8 s of each second, ten times',
  holds: 'everything comes out whole, and changes are made, late',
  terms: untouched,
  async run({ start, stage }) {
    using database = openDatabase(stage)
    const creating = mustCreate(stage, 'while-slow')
    const opening = Promise.all(stage.ways.map((way) => start(way, { expected: 'whole' })))
    for (let second = 0; second < slowSeconds; second += 1) {
      database.exec('BEGIN IMMEDIATE')
      await wait(slowMs.locked)
      database.exec('ROLLBACK')
      await wait(slowMs.free)
    }
    await Promise.all([creating, opening])
    return { opened: stage.ways.length }
  },
}

/** As another program would, which waits for its turn as well. */
function openDatabase({ stateDirectory }: Stage): DatabaseSync {
  return new DatabaseSync(join(stateDirectory, 'postern.db'), { timeout: 5_000 })
}

/** Makes a service account: a change that has to be written. Resolves to the exit code. */
async function create({ rig }: Stage, name: string): Promise<number | string> {
  const { ending } = await rig.postern('service-account', 'create', name, '-c', rig.configPath)
  return ending
}

async function mustCreate(stage: Stage, name: string): Promise<void> {
  const ending = await create(stage, name)
  if (ending !== 0) throw new Error(`a service account cannot be made: ${ending}`)
}
