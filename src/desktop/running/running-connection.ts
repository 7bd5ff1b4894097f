import type { Clock } from '../../clock.ts'
import { startForward, type ConnectionEvent, type Forward } from '../../client/serve/forward.ts'
import { parseListenAddress, type LocalAddress } from '../../client/serve/listen-address.ts'
import { CutError } from '../../client/ways/ended.ts'
import { SystemError } from '../../errors.ts'
import type { Destination } from '../../reach/destination.ts'
import type { Bytes, ConnectionState, Trouble } from '../wire/view.ts'
import type { NewEntry } from './connection-log.ts'
import type { GatewayLink } from '../gateways/gateway-link.ts'
import { admitOwnUser } from './own-user.ts'
import { kindOf, troubleOf, type TroubleKind } from '../gateways/trouble.ts'

export interface RunningParts {
  readonly destination: Destination
  readonly listen: LocalAddress
  /** Makes or finds the link to its gateway. Rejects where certificates cannot be read. */
  readonly link: () => Promise<GatewayLink>
  readonly clock: Clock
  readonly log: (entry: Omit<NewEntry, 'connection'>) => void
  /** Told when something that is shown is another. */
  readonly onChange: () => void
  /** Makes a sentence of who holds an address that could not be had; undefined where nobody knows. */
  readonly whoHolds: (listen: LocalAddress) => Promise<string | undefined>
}

/** A connection that somebody wants up. */
export interface RunningConnection {
  readonly state: ConnectionState
  readonly trouble: Trouble | undefined
  readonly tunnels: number
  readonly bytes: Bytes
  /** By which its tunnels go; undefined until there is one. */
  readonly link: GatewayLink | undefined
  /** As it listens; undefined while it does not. */
  readonly address: string | undefined
  /** Resolves after the first attempt to listen, however that went. */
  readonly tried: Promise<void>
  /** Something about its gateway is another than before. */
  gatewayChanged(): void
  close(graceMs: number): Promise<void>
}

/** How long after a failure an address is tried again, in milliseconds: its program may have ended. */
const retryMs = 5_000

/** Brings a connection up: listens, again and again until it can, and follows what becomes of its tunnels. */
export function runConnection(parts: RunningParts): RunningConnection {
  const { destination, listen, clock, log, onChange, whoHolds } = parts
  const live = new Map<number, Bytes>()
  const ended = { up: 0, down: 0 }
  let link: GatewayLink | undefined
  let forward: Forward | undefined
  let retry: Disposable | undefined
  let isClosed = false
  /** Whether its route gave an answer while nobody was signed in: it asks for nobody. */
  let isPublic = false
  /** What went wrong last, since a tunnel was opened; without a state where that says nothing of the next tunnel. */
  let last: { readonly state: TroubleKind | undefined; readonly trouble: Trouble } | undefined
  let notListening: Trouble | undefined

  async function tryToListen(): Promise<void> {
    try {
      link ??= await parts.link()
      const { client } = link
      const admission = await admitOwnUser(listen, (error) => {
        const { code, message } = troubleOf(error, clock.now())
        const hint = 'other users of this machine can connect as well'
        log({ level: 'warn', code, message, hint })
      })
      if (isClosed) return
      const started = await startForward({
        listen,
        authority: destination.authority,
        client,
        admission,
        report,
      })
      if (isClosed) return await started.close(0)
      forward = started
      notListening = undefined
      log({ level: 'info', message: `listening on ${started.address}` })
      void link.check()
    } catch (error) {
      if (isClosed) return
      const trouble = await explained(error)
      if (isClosed) return
      if (trouble.message !== notListening?.message) sayTrouble(trouble, 'error')
      notListening = trouble
      retry = clock.schedule(retryMs, () => {
        latest = tryToListen()
      })
    }
    onChange()
  }

  async function explained(error: unknown): Promise<Trouble> {
    const trouble = troubleOf(error, clock.now())
    const isTaken = error instanceof SystemError && error.code === 'address-in-use'
    const who = isTaken ? await whoHolds(listen) : undefined
    return who === undefined ? trouble : { ...trouble, message: who }
  }

  function sayTrouble(trouble: Trouble, level: 'warn' | 'error'): void {
    const { at: _, ...said } = trouble
    log({ level, ...said })
  }

  function report(event: ConnectionEvent): void {
    const { id, peer, bytes } = event.connection
    if (event.kind === 'began') log({ level: 'info', message: `${peer} connects` })
    if (event.kind === 'connected') connected(id, peer, bytes)
    if (event.kind === 'refused') {
      log({ level: 'warn', code: 'other-user', message: `refused ${peer}: ${event.why}` })
    }
    if (event.kind === 'given-up' && event.why === 'left') {
      log({ level: 'info', message: `${peer} left before its tunnel was open` })
    }
    if (event.kind === 'failed') failed(event.error)
    if (event.kind === 'ended') over(id, event)
    onChange()
  }

  function connected(id: number, peer: string, bytes: Bytes): void {
    live.set(id, bytes)
    last = undefined
    isPublic = link?.view.session === 'wanted'
    link?.heardWell()
    log({ level: 'info', message: `connected ${peer}` })
  }

  function over(id: number, event: ConnectionEvent & { kind: 'ended' }): void {
    const { bytesUp, bytesDown } = event.ended
    live.delete(id)
    ended.up += bytesUp
    ended.down += bytesDown
    if (event.error !== undefined) return failed(event.error, true)
    const { peer } = event.connection
    log({ level: 'info', message: `disconnected ${peer}: ${bytesUp} bytes up, ${bytesDown} down` })
  }

  function failed(error: unknown, hadTunnel = false): void {
    const trouble = troubleOf(error, clock.now())
    const kind = kindOf(error)
    last = { state: kind === 'failed' && hadTunnel ? undefined : kind, trouble }
    if (kind === 'denied' || kind === 'service-unreachable') {
      isPublic = link?.view.session === 'wanted'
    }
    // What the gateway does on purpose is no error of the program.
    sayTrouble(trouble, error instanceof CutError ? 'warn' : 'error')
    link?.heard(error)
  }

  function state(): ConnectionState {
    if (forward === undefined) return notListening === undefined ? 'listening' : stateOfNoPort()
    const { reach, session } = link?.view ?? {}
    if (reach === 'unreachable') return 'gateway-unreachable'
    if (live.size > 0) return 'connected'
    if (session === 'wanted' && !isPublic) return 'sign-in-needed'
    // What its gateway was then asked about has been answered.
    const isAnswered = last?.state === 'gateway-unreachable' || last?.state === 'sign-in-needed'
    return last?.state === undefined || isAnswered ? 'listening' : last.state
  }

  function stateOfNoPort(): ConnectionState {
    const ofTheAddress = ['address-in-use', 'address-not-allowed', 'cannot-listen']
    return ofTheAddress.includes(notListening?.code ?? '') ? 'not-listening' : 'failed'
  }

  const tried = tryToListen()
  let latest = tried
  return {
    tried,
    get state() {
      return state()
    },
    get trouble() {
      if (forward === undefined) return notListening
      return state() === 'gateway-unreachable' ? link?.view.trouble : last?.trouble
    },
    get tunnels() {
      return live.size
    },
    get bytes() {
      const sum = { ...ended }
      for (const { up, down } of live.values()) {
        sum.up += up
        sum.down += down
      }
      return sum
    },
    get link() {
      return link
    },
    get address() {
      return forward?.address
    },
    gatewayChanged() {
      if (link?.view.session === 'signed-in') isPublic = false
      onChange()
    },
    async close(graceMs) {
      isClosed = true
      retry?.[Symbol.dispose]()
      const address = forward?.address
      // One under way may listen for a moment yet, and whoever comes next wants the address.
      await Promise.all([latest, forward?.close(graceMs)])
      if (address !== undefined)
        log({ level: 'info', message: `no longer listening on ${address}` })
    },
  }
}

/** A local address as it is written in settings and views. */
export function localAddressOf(text: string): LocalAddress {
  const listen = parseListenAddress(text)
  if (listen.kind === 'stdio') throw new TypeError('stdin is no local address')
  return listen
}
