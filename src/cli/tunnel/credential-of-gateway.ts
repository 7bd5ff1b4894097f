import { setTimeout as delay } from 'node:timers/promises'
import {
  forgetCredential,
  keepCredential,
  prepareDirectory,
  tunnelCredentialPath,
} from '../../client/publish/credential-directory.ts'
import type { PublishApi } from '../../client/publish/publish-api.ts'
import { createBackOff } from '../../connector/connections/back-off.ts'
import { AppError, UpstreamError } from '../../errors.ts'
import type { PublishAnswer } from '../../tunnel/publish.ts'
import { encodeCredentialsFile, type TunnelCredential } from '../../tunnel/tunnel-credential.ts'
import type { Voice } from '../speech/voice.ts'
import { noteRecord } from './note-record.ts'
import {
  asPublisher,
  credentialDirectoryOf,
  tunnelCredentialOf,
  type PublisherOptions,
} from './publisher-options.ts'

/** What is to lead to a tunnel, and how the tunnel is called when it has to be made. */
export interface WantedName {
  readonly hostname: string
  /** **Default:** the host name */
  readonly tunnel: string | undefined
}

/** A signal has ended it. */
export interface EndedBySignal {
  readonly exitCode: number
}

/**
 * Makes a tunnel and leads a name to it where they are not there yet; keeps its credential as
 * `postern tunnel create` does, and answers it. A gateway that is away is waited for. Of a tunnel that was made
 * for a name which is refused then, nothing stays.
 *
 * @throws whatever the gateway says, and SystemError as `readPublishCredential`
 */
export async function publishName(
  { hostname, tunnel }: WantedName,
  options: PublisherOptions,
  voice: Voice,
): Promise<TunnelCredential | EndedBySignal> {
  const directory = credentialDirectoryOf(options)
  await prepareDirectory(directory)
  const made = new Set<string>()
  const done = await untilReached(voice, () =>
    asPublisher(options, async ({ api, credential: publisher }) => {
      const secrets = await tunnelFor(api, { hostname, tunnel }, made)
      const credential = tunnelCredentialOf(publisher, secrets)
      const path = tunnelCredentialPath(secrets.id, directory)
      try {
        await keepCredential(path, encodeCredentialsFile(credential))
        const { name, record } = await api.addHostname(secrets.id, hostname)
        return { credential, name, record }
      } catch (error) {
        if (made.has(secrets.id) && !(error instanceof UpstreamError))
          await unmake(api, secrets.id, path)
        throw error
      }
    }),
  )
  if (typeof done === 'number') return { exitCode: done }
  voice.info(`"${hostname}" leads to the tunnel "${done.name}"`)
  await noteRecord(hostname, done.record)
  return done.credential
}

/** The one that has the name already, or the one that is called so, or a new one, whose id goes to `made`. */
async function tunnelFor(
  api: PublishApi,
  { hostname, tunnel }: WantedName,
  made: Set<string>,
): Promise<PublishAnswer<'create'>> {
  const { tunnels } = await api.list()
  const called = tunnel ?? hostname
  const found =
    (tunnel === undefined
      ? tunnels.find(({ hostnames }) => hostnames.includes(hostname))
      : undefined) ?? tunnels.find(({ name }) => name === called)
  if (found !== undefined) return api.token(found.id, false)
  try {
    const secrets = await api.create(called)
    made.add(secrets.id)
    return secrets
  } catch (error) {
    // Another replica was quicker.
    if (error instanceof AppError && error.code === 'tunnel-exists') return api.token(called, false)
    throw error
  }
}

/** One that somebody uses by now stays. That it cannot be removed is not what went wrong. */
async function unmake(api: PublishApi, id: string, path: string): Promise<void> {
  try {
    if ((await api.info(id)).hostnames.length > 0) return
    await api.delete(id, false)
    await forgetCredential(path)
  } catch {}
}

/**
 * The credential of a tunnel that has no file on this machine, by the publish credential that it has. A gateway
 * that is away is waited for.
 *
 * @throws as `publishName`
 */
export async function fetchCredential(
  nameOrId: string,
  options: PublisherOptions,
  voice: Voice,
): Promise<TunnelCredential | EndedBySignal> {
  const done = await untilReached(voice, () =>
    asPublisher(options, async ({ api, credential }) =>
      tunnelCredentialOf(credential, await api.token(nameOrId, false)),
    ),
  )
  return typeof done === 'number' ? { exitCode: done } : done
}

/** At boot the network may come later than this program. */
async function untilReached<T>(voice: Voice, ask: () => Promise<T>): Promise<T> {
  const backOff = createBackOff(Math.random)
  let said = ''
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      if (said !== error.message) voice.warn(`${error.message}; trying again`, { hint: error.hint })
      said = error.message
      await delay(backOff.next())
    }
  }
}
