import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { messageOf } from '../../../src/errors.ts'
import type { Scope } from '../../e2e/scope.ts'
import { untouched, type Fault, type Trial } from '../fault.ts'
import { nameServerAddress, startNameServer, type Answers } from '../name-server.ts'
import type { StageSetup } from '../stage.ts'

const serviceHost = 'service.faults.test'
const home = '127.0.0.1'
const elsewhere = '127.0.0.2'
/** Nobody listens there. */
const nowhere = '127.0.0.3'
/** The resolver asks twice, and waits a second each time. */
const slowMs = { borne: 700, tooLate: 5_000 } as const

const answers: Answers = { address: home, delayMs: 0, isForged: false, asked: 0 }
const well = { address: home, delayMs: 0, isForged: false } as const

/** A gateway that asks the name server here, and no other. */
async function setUp(scope: Scope): Promise<StageSetup> {
  Object.assign(answers, well)
  await startNameServer(scope, answers)
  const file = join(scope.directory, 'resolv.conf')
  await writeFile(file, `nameserver ${nameServerAddress}\noptions timeout:1 attempts:2\n`)
  const bind = 'mount --make-rprivate / && mount --bind "$0" /etc/resolv.conf && exec "$@"'
  return { launcher: ['unshare', '--mount', 'sh', '-ec', bind, file], serviceHost }
}

const shared = { needs: ['network namespaces'], setUp, terms: untouched } as const
/** Those of which the gateway reaches the service by its name. */
const asking = ({ stage }: Trial) => stage.ways.filter(({ name }) => name !== 'connector')

export const nameServerChanged: Fault = {
  ...shared,
  name: 'dns-changed',
  done: "the service's name leads to another address",
  holds: 'what runs comes out whole from where it began, and new tunnels lead to the new address',
  async run(trial) {
    const { scope, service } = trial.stage
    const server = createServer({ allowHalfOpen: true }, (socket) => service.take(socket))
    server.listen(service.port, elsewhere)
    await once(server, 'listening')
    scope.defer(() => void server.close())
    answers.address = elsewhere
    const moved = await Promise.all(
      asking(trial).map((way) => trial.start(way, { expected: 'whole' })),
    )
    const wrong = moved.filter((transfer) => transfer.service.localAddress !== elsewhere)
    if (wrong.length > 0) throw new Error(`${wrong.length} tunnels lead to the old address`)
    Object.assign(answers, well)
    return { moved: moved.length }
  },
}

export const nameServerSlow: Fault = {
  ...shared,
  name: 'dns-slow',
  done: `every answer is ${slowMs.borne / 1_000} s late, and then ${slowMs.tooLate / 1_000} s, which is longer than the resolver waits`,
  holds: 'what runs comes out whole, and new tunnels are opened late, and then refused',
  async run(trial) {
    answers.delayMs = slowMs.borne
    const late = await openOrRefused(trial)
    answers.delayMs = slowMs.tooLate
    const tooLate = await openOrRefused(trial)
    Object.assign(answers, well)
    if (late.refused + tooLate.opened > 0) throw new Error(JSON.stringify({ late, tooLate }))
    return { 'opened late': late.opened, refused: tooLate.refused }
  },
}

export const nameServerLying: Fault = {
  ...shared,
  name: 'dns-lying',
  done: 'the name server says that there is no such name, names an address where nobody listens, and answers other questions than were asked',
  holds: 'what runs comes out whole, and new tunnels are refused',
  async run(trial) {
    const lies = [
      { ...well, address: undefined },
      { ...well, address: nowhere },
      { ...well, isForged: true },
    ]
    let refused = 0
    for (const lie of lies) {
      Object.assign(answers, lie)
      const came = await openOrRefused(trial)
      if (came.opened > 0) throw new Error(`a tunnel is opened by a lie: ${JSON.stringify(lie)}`)
      refused += came.refused
    }
    Object.assign(answers, well)
    return { lies: lies.length, refused }
  },
}

/** New tunnels by every way that opens with an answer of the gateway's. */
async function openOrRefused(trial: Trial): Promise<{ opened: number; refused: number }> {
  const ways = asking(trial).filter(({ name }) => name !== 'postern tcp')
  const before = answers.asked
  const all = await Promise.all(
    ways.map((way) =>
      trial.start(way, { expected: 'whole' }).then(
        () => 'opened',
        (error: unknown) => messageOf(error),
      ),
    ),
  )
  if (answers.asked === before) throw new Error('nobody has asked the name server')
  const opened = all.filter((one) => one === 'opened').length
  return { opened, refused: all.length - opened }
}
