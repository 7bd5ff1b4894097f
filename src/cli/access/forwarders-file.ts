import { dirname, resolve } from 'node:path'
import type { Forwarder } from '../../client/applications/forwarder.ts'
import { parseForwardersFile } from '../../client/applications/forwarders-file.ts'
import { SystemError } from '../../errors.ts'
import { createFiles } from '../../files.ts'
import type { KnownFiles } from '../../watch-files.ts'
import { readServiceAccount } from '../credentials/given.ts'
import type { Voice } from '../speech/voice.ts'

/** What an entry that does not say it itself has. */
export interface ForwarderDefaults {
  readonly credential: string | undefined
  readonly gateway: string | undefined
  /** The address of a gateway that an entry names. */
  readonly addressOf: (gateway: string) => Promise<string>
}

/** A file of forwarders as it is now. */
export interface ReadForwarders {
  /** @throws ConfigError; SystemError `forwarders-unreadable` */
  readonly forwarders: () => readonly Forwarder[]
  /** What was read for it: the file, and those of its service accounts. */
  readonly seen: KnownFiles
}

/**
 * Reads a file of forwarders. An entry's own credential comes before the command line's and the
 * environment's; a path in the file begins at the file's folder. Never rejects: what is wrong is
 * thrown by whoever wants the forwarders, since what was read is followed in any case.
 */
export async function readForwardersFile(
  path: string,
  defaults: ForwarderDefaults,
  voice: Voice,
): Promise<ReadForwarders> {
  const files = createFiles(dirname(resolve(path)))
  try {
    const found = await read(path, files, defaults, voice)
    return { forwarders: () => found, seen: files.seen }
  } catch (error) {
    return {
      forwarders() {
        throw error
      },
      seen: files.seen,
    }
  }
}

async function read(
  path: string,
  files: ReturnType<typeof createFiles>,
  { credential, gateway, addressOf }: ForwarderDefaults,
  voice: Voice,
): Promise<readonly Forwarder[]> {
  const file = await files.read(resolve(path))
  if (!file.ok) throw new SystemError('forwarders-unreadable', file.message)
  const { forwarders, hasSecrets } = await parseForwardersFile(path, file.text, {
    gateway,
    addressOf,
    async readCredential({ serviceTokenID: id, serviceTokenSecret: secret, serviceAccountFile }) {
      const accountFile = serviceAccountFile && resolve(dirname(path), serviceAccountFile)
      // Followed, too: a rotated credential is taken over.
      if (accountFile !== undefined) await files.read(accountFile)
      const own = {
        ...(id === undefined ? {} : { serviceTokenId: id }),
        ...(secret === undefined ? {} : { serviceTokenSecret: secret }),
        ...(accountFile === undefined ? {} : { serviceAccountFile: accountFile }),
      }
      // Not the environment's: half a pair here and half there is a mistake.
      return (await readServiceAccount(own, {})) ?? credential
    },
  })
  if (hasSecrets && file.readableBy !== 'owner') {
    voice.warn(`other users of this machine can read the secrets in "${path}"`, {
      hint: `"chmod 600 ${path}", or name files with "serviceAccountFile"`,
    })
  }
  return forwarders
}
