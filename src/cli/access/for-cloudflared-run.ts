import { fetchApplicationToken } from '../../client/cloudflared/application-token.ts'
import { writeCloudflaredFiles } from '../../client/cloudflared/cloudflared-files.ts'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import type { AskedDestination } from '../asking/destination-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import type { Voice } from '../speech/voice.ts'
import { signInWays } from './application-sign-in.ts'
import type { SignInFlags } from './sign-in-options.ts'

/**
 * Runs `postern access login --for-cloudflared`; resolves to the exit code. It prints no token: cloudflared
 * has it in its file.
 *
 * @throws AppError for everything that goes wrong
 */
export async function runForCloudflared(
  { authority, gateway, trust }: AskedDestination,
  flags: SignInFlags,
  voice: Voice,
): Promise<number> {
  const home = homeDirectory()
  if (home === undefined) throw noHome()
  const host = authority.replace(/:\d+$/, '')
  const command = `postern access login --for-cloudflared ${new URL(gateway.origin).host}`
  const ways = signInWays(flags, voice, command)
  const options = { ...clientEnvironment(), gateway, trust, log: voice, ...ways }
  const answer = await untilEndSignal((signal) => fetchApplicationToken(options, host, signal))
  if (typeof answer === 'number') return answer
  const files = await writeCloudflaredFiles(home, answer)
  const until = sayTime(new Date(answer.expiresAtMs).toISOString())
  note(`cloudflared is signed in to "${host}" until ${until}`)
  note(`  in "${files.token}"`)
  return exitCodes.ok
}

function noHome(): SystemError {
  const message = 'there is no home directory in which cloudflared looks for a sign-in'
  return new SystemError('cloudflared-files-unwritable', message, {
    hint: 'set HOME to a directory of your own',
  })
}
