import { namedGateway, type ChosenGateway } from '../../client/gateways/choose-gateway.ts'
import { openForwarders, type ForwarderEvent } from '../../client/applications/forwarders.ts'
import type { Forwarder } from '../../client/applications/forwarder.ts'
import { ConfigError, SystemError, formatProblem } from '../../errors.ts'
import type { Trust } from '../../reach/trust.ts'
import { watchFiles } from '../../watch-files.ts'
import { knownGateways, namedOf } from '../asking/gateway-of.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { environment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { clientFor } from '../serving/client-for.ts'
import { warnAboutExposure } from '../serving/exposure.ts'
import { untilEndAsked } from '../serving/serve.ts'
import { connectionWords, type ConnectionWords } from '../speech/connection-words.ts'
import { describe, errorFields, type Voice } from '../speech/voice.ts'
import { applicationOf } from './application-of.ts'
import { readForwardersFile, type ReadForwarders } from './forwarders-file.ts'
import type { AccessTcpOptions, AskedService, Protocol } from './tcp-options.ts'

/** Serves several applications of the command line until a signal; resolves to the exit code. */
export async function runForwarders(
  services: readonly AskedService[],
  options: AccessTcpOptions,
  voice: Voice,
): Promise<number> {
  const credential = await readServiceAccount(options, environment)
  const trusted = new Map<string, Trust>()
  const forwarders: Forwarder[] = []
  for (const { hostname, local, fields } of services) {
    if (local === undefined) throw new SystemError('invalid-listen-address', 'a "--url" is missing')
    const { trust, ...destination } = await applicationOf(hostname, options.gateway, options, voice)
    trusted.set(destination.gateway.origin, trust)
    forwarders.push({ destination, ...local, fields, credential })
  }
  await using serving = await startServing(options, trusted, voice)
  await serving.replace(forwarders)
  await untilEndAsked()
  voice.info('ending')
  return exitCodes.ok
}

/** Serves the applications of a file, and what it says later, until a signal; resolves to the exit code. */
export async function runForwardersFile(
  path: string,
  protocol: Protocol,
  options: AccessTcpOptions,
  voice: Voice,
): Promise<number> {
  const credential = await readServiceAccount(options, environment)
  const named = await namedOf(options.gateway, await knownGateways(voice))
  const defaults = {
    credential,
    gateway: named && addressOf(named),
    addressOf: async (text: string) =>
      addressOf(await namedGateway(text, await knownGateways(voice))),
  }
  const trusted = new Map<string, Trust>()
  const read = (): Promise<ReadForwarders> => readForwardersFile(path, defaults, voice)
  const first = await read()
  const forwarders = await atTheirGateways(first.forwarders(), trusted, options, voice)
  const checkAddress = protocol === 'rdp' ? checkDesktopAddress : undefined
  await using serving = await startServing(options, trusted, voice, checkAddress)
  let reloading = Promise.resolve()
  using watch = watchFiles(() => {
    // One at a time: the last one that was written is the last one that is taken.
    reloading = reloading.then(reload)
  })

  async function reload(): Promise<void> {
    const now = await read()
    watch.follow(now.seen)
    try {
      const wanted = await atTheirGateways(now.forwarders(), trusted, options, voice)
      await serving.replace(wanted)
      voice.info(`"${path}" is taken over`)
    } catch (error) {
      sayNotTaken(path, error, voice)
    }
  }

  await serving.replace(forwarders)
  watch.follow(first.seen)
  await untilEndAsked()
  voice.info('ending')
  return exitCodes.ok
}

/** As it was named, where that was by an address: what is trusted for another address of it is not so for the gateway. */
function addressOf({ gateway, alias }: ChosenGateway): string {
  return alias ?? gateway.origin
}

/** Each at the remembered gateway that it is known to be at, with whom to believe that it is that. */
async function atTheirGateways(
  forwarders: readonly Forwarder[],
  trusted: Map<string, Trust>,
  options: AccessTcpOptions,
  voice: Voice,
): Promise<readonly Forwarder[]> {
  const found: Forwarder[] = []
  for (const forwarder of forwarders) {
    const own = forwarder.destination
    const host = own.authority.replace(/:\d+$/, '')
    const isNamed = own.gateway.origin !== `https://${host}`
    const gateway = isNamed ? own.gateway.origin : undefined
    const { trust, ...destination } = await applicationOf(host, gateway, options, voice)
    trusted.set(destination.gateway.origin, trust)
    found.push({ ...forwarder, destination })
  }
  return found
}

/** A line for each fault of the file, as each has its place there. */
function sayNotTaken(path: string, error: unknown, voice: Voice): void {
  const sentence = `"${path}" is not taken over, what ran goes on`
  if (!(error instanceof ConfigError)) {
    return voice.error(`${sentence}: ${describe(error)}`, errorFields(error))
  }
  voice.error(sentence, { code: error.code })
  for (const { hint, ...problem } of error.problems) voice.error(formatProblem(problem), { hint })
}

interface Serving extends AsyncDisposable {
  replace(forwarders: readonly Forwarder[]): Promise<void>
}

async function checkDesktopAddress({ listen, written }: Forwarder): Promise<void> {
  const { chooseDesktopAddress } = await import('./desktop-address.ts')
  await chooseDesktopAddress({ listen, written }, 'name another port in "listener"')
}

async function startServing(
  options: AccessTcpOptions,
  trusted: ReadonlyMap<string, Trust>,
  voice: Voice,
  checkAddress?: (forwarder: Forwarder) => Promise<void>,
): Promise<Serving> {
  if (options.sameUser === true) {
    throw new SystemError('same-user-unsupported', '"--same-user" is for one application', {
      hint: 'give each of several a "unix:PATH" as its listener: nobody else can open that',
    })
  }
  warnAboutSecrets(options, voice)
  const words = connectionWords(voice)
  const forwarders = openForwarders({
    makeClient({ destination: { gateway }, credential }) {
      const trust = trusted.get(gateway.origin)
      if (trust === undefined) throw new Error(`"${gateway.origin}" was not looked up`)
      return clientFor(
        { gateway, trust, credential, command: 'postern access tcp' },
        options,
        voice,
      )
    },
    report: (forwarder, event) => report(forwarder, event, words, voice),
    checkAddress,
  })
  return {
    replace(wanted) {
      return forwarders.replace(wanted)
    },
    async [Symbol.asyncDispose]() {
      words.flush()
      await forwarders.close(0)
    },
  }
}

function report(
  { destination, listen, written }: Forwarder,
  event: ForwarderEvent,
  words: ConnectionWords,
  voice: Voice,
): void {
  const { host } = new URL(`https://${destination.authority}`)
  const fields = { destination: destination.authority }
  if (event.kind === 'connection') words.report(event.event)
  if (event.kind === 'listening') {
    voice.info(`listening on ${event.address} for ${host}`, { ...fields, addr: event.address })
    warnAboutExposure(listen, written, voice)
  }
  if (event.kind === 'removed') {
    voice.info(`no longer listening on ${event.address} for ${host}`, {
      ...fields,
      addr: event.address,
    })
  }
  if (event.kind === 'not-listening') {
    voice.error(`${host} waits for "${written}": ${describe(event.error)}`, {
      ...fields,
      ...errorFields(event.error),
    })
  }
}
