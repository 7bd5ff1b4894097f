import type { Random } from '../crash/random.ts'
import type { SoakGateway } from './gateway.ts'
import { endings, holdTunnel, type HeldTunnel, type TunnelEnding } from './held-tunnel.ts'
import { kinds, type Client, type Kind } from './tunnel-ways.ts'

export interface CrowdOptions {
  readonly idle: number
  readonly busy: number
  readonly credentials: readonly string[]
  readonly random: Random
  /** Whether ends may take as long as a stock connector makes them: five seconds. */
  readonly isPatient: boolean
}

/** Tunnels of all kinds, always as many of each. */
export interface Crowd {
  readonly size: number
  /** Ends one, in one of the ways that there are, and opens another of its kind. */
  replaceOne(): Promise<void>
  /** Ends a client with all its tunnels, without a word, and has another one open as many. */
  replaceClient(): Promise<void>
  figures(): CrowdFigures
  close(): void
}

export interface CrowdFigures {
  readonly opened: Readonly<Record<string, number>>
  readonly ended: Readonly<Record<string, number>>
  /** Tunnels that ended, or did not carry what they were given, without anybody asking for it. */
  readonly lost: readonly string[]
}

interface Member {
  readonly kind: Kind
  client: Client
  /** Those that are idle and those that are busy. */
  readonly tunnels: Map<HeldTunnel, 'idle' | 'busy'>
  /** While it is made anew, nobody begins anything with it. */
  isLeaving: boolean
  /** Replacements of single tunnels that are under way. */
  readonly replacing: Set<Promise<void>>
}

/** Of one client. */
const tunnelsPerClient = 50
const hello = Buffer.from('hello')
const talk = Buffer.alloc(8 * 1024, 'x')
const talkEveryMs = 250

export async function openCrowd(gateway: SoakGateway, options: CrowdOptions): Promise<Crowd> {
  const { idle, busy, credentials, random, isPatient } = options
  const opened: Record<string, number> = {}
  const ended: Record<string, number> = {}
  const lost: string[] = []
  const members: Member[] = []

  async function open(member: Member, use: 'idle' | 'busy'): Promise<void> {
    const { name } = member.kind
    const stream = await member.client.open()
    const tunnel = holdTunnel(stream, (why) => {
      member.tunnels.delete(tunnel)
      lost.push(`${name}: ${why}`)
    })
    await tunnel.exchange(hello)
    if (use === 'busy') tunnel.keepTalking(talk, talkEveryMs)
    member.tunnels.set(tunnel, use)
    opened[name] = (opened[name] ?? 0) + 1
  }

  const createClient = (kind: Kind): Client => kind.createClient(gateway, random.oneOf(credentials))

  async function fill(kind: Kind, index: number): Promise<void> {
    const left = { idle: shareOf(idle, index), busy: shareOf(busy, index) }
    while (left.idle + left.busy > 0) {
      const client = createClient(kind)
      const state = { tunnels: new Map(), isLeaving: false, replacing: new Set<Promise<void>>() }
      const member: Member = { kind, client, ...state }
      members.push(member)
      for (let count = 0; count < tunnelsPerClient && left.idle + left.busy > 0; count += 1) {
        const use = left.busy > 0 ? 'busy' : 'idle'
        left[use] -= 1
        await open(member, use)
      }
    }
  }
  await Promise.all(kinds.map(fill))

  /** One that is not being made anew. */
  function pick(): Member | undefined {
    const free = members.filter(({ isLeaving }) => !isLeaving)
    return free.length === 0 ? undefined : random.oneOf(free)
  }

  const endingFor = ({ holdsEnds }: Kind): TunnelEnding => {
    const how = random.oneOf(endings)
    return how === 'client ends' && holdsEnds && !isPatient ? 'service ends' : how
  }

  async function replace(member: Member): Promise<void> {
    const [tunnel, use] = random.oneOf([...member.tunnels])
    member.tunnels.delete(tunnel)
    const how = endingFor(member.kind)
    try {
      await tunnel.end(how)
      ended[how] = (ended[how] ?? 0) + 1
      await open(member, use)
    } catch (error) {
      throw new Error(`${member.kind.name}, ${how}: ${String(error)}`, { cause: error })
    }
  }

  return {
    size: idle + busy,
    async replaceOne() {
      const member = pick()
      if (member === undefined || member.tunnels.size === 0) return
      const one = replace(member).finally(() => member.replacing.delete(one))
      member.replacing.add(one)
      await one
    },
    async replaceClient() {
      const member = pick()
      if (member === undefined) return
      member.isLeaving = true
      await Promise.allSettled(member.replacing)
      const uses = [...member.tunnels.values()]
      for (const tunnel of member.tunnels.keys()) tunnel.expectEnd()
      member.tunnels.clear()
      member.client.destroy()
      member.client = createClient(member.kind)
      for (const use of uses) await open(member, use)
      ended['client is gone'] = (ended['client is gone'] ?? 0) + uses.length
      member.isLeaving = false
    },
    figures: () => ({ opened: { ...opened }, ended: { ...ended }, lost: [...lost] }),
    close() {
      for (const { client, tunnels } of members) {
        for (const tunnel of tunnels.keys()) tunnel.expectEnd()
        client.destroy()
      }
    },
  }
}

/** Of so many tunnels, those of one kind: as equal as they can be. */
function shareOf(count: number, index: number): number {
  return Math.floor((count + kinds.length - 1 - index) / kinds.length)
}
