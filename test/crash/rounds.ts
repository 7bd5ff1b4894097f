import assert from 'node:assert/strict'
import { appendFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createControlClient } from '../../src/control/client.ts'
import { messageOf } from '../../src/errors.ts'
import type { Child } from '../e2e/child.ts'
import type { Scope } from '../e2e/scope.ts'
import type { Actor, Stage } from './actor.ts'
import { blockActor } from './actors/blocks.ts'
import { directoryActor } from './actors/directory.ts'
import { documentActor, policyKind, routeKind } from './actors/documents.ts'
import { keyActor } from './actors/keys.ts'
import { personActor } from './actors/people.ts'
import { requestActor } from './actors/requests.ts'
import { serviceAccountActor } from './actors/service-accounts.ts'
import { tunnelActor } from './actors/tunnels.ts'
import { createAsk } from './ask.ts'
import * as names from './gateway.ts'
import { createCrashGateway, untilListening, type CrashGateway } from './gateway.ts'
import { drawMoment, watchFor, type Moment, type Watch } from './moment.ts'
import { createRandom } from './random.ts'
import { createRecords } from './records.ts'
import { checkChain, checkStateFiles } from './state-files.ts'

export interface CrashOptions {
  readonly times: number
  readonly seed: number
  say(line: string): void
}

/** What was done to a gateway that held. */
export interface CrashFigures {
  readonly kills: number
  /** Kills by what they hit. */
  readonly moments: Readonly<Record<Moment['at'], number>>
  /** Changes that were answered. */
  readonly acknowledged: number
  /** Changes that a kill left without an answer. */
  readonly cutShort: number
  /** Records of the audit log that had to be there, and were. */
  readonly records: number
}

const people = ['ann@example.com', 'ben@example.com']
/** Enough for some hundreds of kills: what one person may ask for in a day is limited. */
const askers = Array.from({ length: 12 }, (_, at) => `cleo.${at}@example.com`)
const blockable = ['dan@example.com', 'eve@example.com', 'finn@example.com']

/**
 * Kills a gateway with SIGKILL in the middle of its work, starts it again on what is left, and holds that to everything that
 * was acknowledged; again and again, on one state directory. Rejects at the first thing that is not as it was said to be.
 */
export async function crashAgainAndAgain(
  scope: Scope,
  { times, seed, say }: CrashOptions,
): Promise<CrashFigures> {
  const random = createRandom(seed)
  const records = createRecords()
  const gateway = await createCrashGateway(scope, [...people, ...askers])
  const kept = join(scope.directory, 'checkpoints.txt')
  let marks = 0
  let watch: Watch | undefined
  let acknowledged = 0
  let cutShort = 0
  const control = createControlClient(gateway.stateDirectory)
  const ask = createAsk(gateway.port, gateway.ca)

  let child = gateway.spawn()
  let startMs = await untilListening(child)
  const credentialOf = async (id: string): Promise<string> => {
    const wanted = { id, description: '', format: 'jwt', expires_at: null } as const
    return (await control.createServiceAccount(wanted)).credential
  }
  const admin = { authorization: `Bearer ${await credentialOf(names.administrator)}` }
  const stage: Stage = {
    ...gateway,
    random,
    records,
    control,
    ask,
    askAsAdmin: (question) => ask({ ...question, headers: admin }),
    async change(work) {
      watch?.asked()
      cutShort += 1
      const result = await work()
      cutShort -= 1
      acknowledged += 1
      watch?.answered()
      return result
    },
    mark: (what) => `${what}-${(marks += 1)}`,
  }
  const actors: readonly Actor[] = [
    ...people.map((email) => personActor(stage, email)),
    blockActor(stage, blockable),
    serviceAccountActor(stage),
    documentActor(stage, routeKind),
    documentActor(stage, policyKind),
    keyActor(stage),
    requestActor(stage, askers, names.askedRoute),
    directoryActor(stage, await credentialOf(names.directoryAccount)),
    tunnelActor(stage, {
      credential: await credentialOf(names.tunnelAccount),
      target: names.tunnelTarget,
    }),
  ]
  const moments = { start: 0, work: 0, answer: 0, change: 0 }
  const checkpoints: string[] = []

  async function checkAll(): Promise<void> {
    for (const actor of actors) {
      await actor.check().catch((error: unknown) => {
        throw new Error(`${actor.name}: ${messageOf(error)}`, { cause: error })
      })
    }
    await checkStateFiles(gateway.stateDirectory)
    await records.check(join(gateway.stateDirectory, 'audit'))
    await checkChain(gateway.stateDirectory, checkpoints)
  }

  /** Somebody keeps a checkpoint elsewhere: what it names is signed and must stay. */
  async function keepCheckpoint(): Promise<void> {
    const { note } = await control.auditCheckpoint()
    if (note === null) return
    await rm(kept, { force: true })
    await appendFile(kept, note)
    checkpoints.splice(0, 1, kept)
  }

  for (let round = 1; round <= times; round += 1) {
    const moment = drawMoment(random)
    const what = JSON.stringify(moment)
    try {
      moments[moment.at] += 1
      if (moment.at === 'start') {
        await kill(child)
        child = gateway.spawn()
        await delay(moment.share * startMs)
        await kill(child)
      } else {
        const killed = Promise.withResolvers<void>()
        let isGone = false
        watch = watchFor(moment, () => {
          isGone = true
          child.signal('SIGKILL')
          killed.resolve()
        })
        const working = actors.map((actor) => keepAt(actor, () => isGone))
        const failing = Promise.all(working).then(() => killed.promise)
        await Promise.race([failing, killed.promise.then(() => failing)])
        await child.ended
        watch = undefined
      }
      child = gateway.spawn()
      startMs = await untilListening(child)
      await checkAll()
      if (random.share() < 0.3) await keepCheckpoint()
      say(`${round} of ${times}: ${what}: held`)
    } catch (error) {
      throw new Error(`kill ${round} of ${times}, seed ${seed}, ${what}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
  await verifyByCommand(gateway)
  return { kills: times, moments, acknowledged, cutShort, records: records.count }
}

/** Until the gateway is gone; what fails before that is a failure. */
async function keepAt(actor: Actor, isGone: () => boolean): Promise<void> {
  while (!isGone()) {
    try {
      await actor.act()
    } catch (error) {
      if (isGone()) return
      throw new Error(`${actor.name}: ${messageOf(error)}`, { cause: error })
    }
  }
}

async function kill(child: Child): Promise<void> {
  child.signal('SIGKILL')
  assert.equal(await child.ended, 'SIGKILL', child.errors())
}

/** As its operator asks. */
async function verifyByCommand(gateway: CrashGateway): Promise<void> {
  const verifying = gateway.command('audit', 'verify', join(gateway.stateDirectory, 'audit'))
  assert.equal(await verifying.ended, 0, verifying.errors() + verifying.output())
}
