import { messageOf } from '../../../src/errors.ts'
import { createRandom, type Random } from '../random.ts'
import {
  changeSession,
  drawFacts,
  hosts,
  kinds,
  people,
  sessionIds,
  weighted,
  type Kind,
} from './changes.ts'
import { startMs } from './facts.ts'
import { createGates, settled, type Gates } from './gates.ts'
import { newOpening, open as openTunnel, type Opening, type OpeningParts } from './opening.ts'
import { checkEnd } from './outcomes.ts'
import type { RaceTally } from './race-tally.ts'
import { openScene, type Scene } from './scene.ts'
import { createWatch } from './watch.ts'

/** Where whoever waits for a turn of the event loop waits, in the interleaving that runs. */
export interface Turns {
  pass: Gates['pass']
}

/** One interleaving, which follows from these two numbers. */
export interface Race {
  readonly seed: number
  readonly index: number
}

/** The last step before which a change begins, unless nothing else is left to do. */
const latestChange = 12
/** Most steps of one: what goes on beyond has no end. */
const maxSteps = 500

/** Runs one interleaving to its end, and answers its steps; rejects with what was wrong, and all steps before it. */
export async function runRace(
  { seed, index }: Race,
  turns: Turns,
  tally: RaceTally,
): Promise<readonly string[]> {
  const steps: string[] = []
  try {
    await race(createRandom(Math.imul(seed, 0x9e3779b1) + Math.imul(index, 0x85ebca6b)), {
      turns,
      tally,
      steps,
    })
  } catch (error) {
    throw new Error([messageOf(error), ...steps].join('\n  '), { cause: error })
  }
  tally.races += 1
  tally.steps += steps.length
  return steps
}

interface RaceParts {
  readonly turns: Turns
  readonly tally: RaceTally
  readonly steps: string[]
}

async function race(random: Random, { turns, tally, steps }: RaceParts): Promise<void> {
  const gates = createGates(random)
  turns.pass = gates.pass
  const openings = drawOpenings(random)
  const saysOtherwise = new Set<string>(random.some(sessionIds, 20))
  const watch = createWatch()
  const works = createWorks()
  const scene = openScene({
    random,
    gates,
    openings,
    first: drawFacts(random, startMs),
    async refresh(sessionId) {
      await gates.pass('the provider answers', sessionId)
      if (saysOtherwise.delete(sessionId))
        await changeSession(
          scene,
          watch.changeOf(() => undefined),
          sessionId,
        )
    },
  })
  for (const opening of openings) works.begin(openTunnel(opening, partsOf(scene, opening, tally)))
  const coming = Array.from({ length: 1 + random.below(3) }, () => ({
    kind: random.pick(weighted),
    step: random.below(latestChange),
  }))

  function happen(kind: Kind): Promise<void> | void {
    const change = watch.changeOf(() => {
      for (const opening of openings) tally.meet(kind, scene.phaseOf(opening))
    })
    return kinds[kind](scene, change)
  }

  async function step(): Promise<string | undefined> {
    const isIdle = gates.waiting() === 0
    const due = coming.findIndex(({ step }) => isIdle || step <= steps.length)
    if (due === -1) return gates.step()
    const [next] = coming.splice(due, 1)
    if (next !== undefined) works.begin(happen(next.kind))
    await settled()
    return next?.kind
  }

  async function goOn(): Promise<void> {
    for (let taken = await step(); taken !== undefined; taken = await step()) {
      steps.push(taken)
      if (steps.length > maxSteps) throw new Error('it comes to no end')
      works.check()
      watch.look(scene)
    }
  }

  await goOn()
  checkEnd(scene, tally)
  const open = openings.filter(({ phase }) => phase === 'open').length
  if (works.running > open) throw new Error(`${works.running - open} wait for what nobody does`)
  scene.become({ isLeaving: true })
  const { liveTunnels } = scene.gateway.parts
  liveTunnels.cutAll('shutdown')
  await goOn()
  const left = { works: works.running, tunnels: liveTunnels.size, timers: scene.clock.pending }
  if (Object.values(left).some((it) => it > 0))
    throw new Error(`left behind: ${JSON.stringify(left)}`)
}

/** One to three, most of which somebody asks for who is signed in, and some of which are to one target. */
function drawOpenings(random: Random): readonly Opening[] {
  return Array.from({ length: 1 + random.below(3) }, (_, index) => {
    const who = random.pick([0, 0, 0, 1, 1, undefined])
    return newOpening(`tunnel ${index}`, {
      sessionId: who === undefined ? undefined : sessionIds[who],
      userId: who === undefined ? undefined : people[who],
      host: random.pick([...hosts, hosts[0]]),
    })
  })
}

function partsOf(scene: Scene, opening: Opening, tally: RaceTally): OpeningParts {
  const { random, gates, gateway } = scene
  const { id, sessionId, against } = opening
  /** Its use was noted, say: whoever decides about it now has to wait for the store. */
  function forget(): void {
    if (sessionId !== undefined && random.isIn(75)) gateway.told.session(sessionId, 'kept')
  }
  return {
    gateway: gateway.parts,
    gates,
    closes: random.isIn(15),
    onAsked: () => scene.note(opening),
    onDecided: () => scene.note(opening),
    onOpening: forget,
    onOpen() {
      if (!scene.mayBeOpen(opening))
        throw new Error(`${id} was opened, and may not be: ${[...against].join()}`)
      tally.opened += 1
      forget()
    },
  }
}

/** What goes on side by side. */
interface Works {
  readonly running: number
  begin(work: Promise<void> | void): void
  /** Throws what any of them has failed by. */
  check(): void
}

function createWorks(): Works {
  const failed: unknown[] = []
  let running = 0
  async function run(work: Promise<void> | void): Promise<void> {
    running += 1
    try {
      await work
    } catch (error) {
      failed.push(error)
    } finally {
      running -= 1
    }
  }
  return {
    get running() {
      return running
    },
    begin: (work) => void run(work),
    check() {
      if (failed.length > 0) throw failed[0]
    },
  }
}
