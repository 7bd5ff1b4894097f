import { changeGateways } from '../../client/gateways/change-gateways.ts'
import { forgetRoutes } from '../../client/gateways/kept-routes.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { gatewayNamed, renamed, withDefault, without } from '../../client/gateways/remember.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { gatewaysPath, knownGateways } from '../asking/gateway-of.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** Prints the gateways that are remembered; resolves to the exit code. */
export async function listGateways(isJson: boolean): Promise<number> {
  const all = await knownGateways(voiceOf())
  if (isJson) printJson(toJson(all))
  else if (all.gateways.length > 0) printTable(rowsOf(all))
  else {
    note('no gateway is remembered')
    note('  hint: "postern login https://gateway.example.com" signs in and remembers it')
  }
  const named = environment['POSTERN_GATEWAY']
  if (named && !isJson) note(`POSTERN_GATEWAY names "${named}", which comes before the default`)
  return exitCodes.ok
}

/** Makes one the default; resolves to the exit code. Throws AppError, as the others do. */
export async function useGateway(name: string): Promise<number> {
  await changeGateways(gatewaysPath(), (all) => withDefault(all, name))
  note(`commands that name no gateway mean "${name}" now`)
  return exitCodes.ok
}

/** Gives one another name; resolves to the exit code. */
export async function renameGateway(name: string, newName: string): Promise<number> {
  await changeGateways(gatewaysPath(), (all) => renamed(all, name, newName))
  note(`"${name}" is "${newName}" now`)
  return exitCodes.ok
}

/** Forgets one; resolves to the exit code. */
export async function removeGateway(name: string): Promise<number> {
  let before: KnownGateways | undefined
  const all = await changeGateways(gatewaysPath(), (now) => {
    before = now
    return without(now, name)
  })
  if (before === undefined) return exitCodes.ok
  const gone = gatewayNamed(before, name)
  const { cacheDirectory } = clientEnvironment()
  await forgetRoutes(cacheDirectory, gone.url)
  note(`"${name}" is forgotten`)
  if (before.defaultName === name) sayDefault(all)
  const gateway = { origin: gone.url }
  const cache = tokenCacheFor({
    gateway,
    trust: { isVerified: true },
    log: voiceOf(),
    cacheDirectory,
  })
  if ((await cache.read()) !== undefined) {
    note('the sign-in is still kept on this machine')
    note(`  hint: "postern logout ${gone.url}" ends it`)
  }
  return exitCodes.ok
}

function sayDefault({ gateways, defaultName }: KnownGateways): void {
  if (defaultName !== undefined) note(`commands that name no gateway mean "${defaultName}" now`)
  else if (gateways.length > 0) {
    note('no gateway is the default now')
    note('  hint: "postern gateways use NAME" makes one')
  }
}

function rowsOf({ gateways, defaultName }: KnownGateways): readonly (readonly string[])[] {
  return [
    ['', 'NAME', 'ADDRESS', 'ACCOUNT', 'CERTIFICATE AUTHORITY', 'OTHER ADDRESSES'],
    ...gateways.map(({ name, url, account, ca, knownNames }) => [
      name === defaultName ? '*' : '',
      name,
      url,
      account ?? '',
      ca === undefined ? "the system's" : 'its own',
      knownNames.join(', '),
    ]),
  ]
}

function toJson({ gateways, defaultName }: KnownGateways): object {
  return {
    default: defaultName ?? null,
    gateways: gateways.map(({ name, url, account, ca, knownNames }) => ({
      name,
      url,
      account: account ?? null,
      ca: ca ?? null,
      known_names: knownNames,
      default: name === defaultName,
    })),
  }
}

function voiceOf(): Voice {
  const component = { human: 'gateways', json: 'gateways' }
  return processVoice({ format: 'human', level: 'warn', component })
}
