import { exitCodes } from '../process/exit-codes.ts'
import { printText } from '../speech/print.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { keptToken, namedApplication, signInToApplication } from './application-sign-in.ts'
import type { SignInFlags } from './sign-in-options.ts'

/** The options of `postern access login` as they were given. */
export interface AccessLoginOptions extends SignInFlags {
  readonly quiet?: boolean
  /** False for `--no-verbose`. */
  readonly verbose?: boolean
  readonly forCloudflared?: boolean
}

/**
 * Runs `postern access login`; resolves to the exit code. What it prints is what cloudflared prints, for
 * scripts that read it.
 */
export async function runAccessLogin(
  application: string | undefined,
  options: AccessLoginOptions,
): Promise<number> {
  const voice = voiceOf('login')
  const destination = await namedApplication(application, options, voice)
  if (options.forCloudflared === true) {
    const { runForCloudflared } = await import('./for-cloudflared-run.ts')
    return runForCloudflared(destination, options, voice)
  }
  const { origin } = destination.gateway
  const command = `postern access login ${origin}`
  const signedIn = await signInToApplication(destination, options, voice, command)
  if (typeof signedIn === 'number') return signedIn
  if (options.quiet === true) return exitCodes.ok
  const isPlain = options.verbose === false || options.app !== undefined
  const { token } = signedIn
  printText(isPlain ? token : `Successfully fetched your token:\n\n${token}\n\n`)
  return exitCodes.ok
}

/** Runs `postern access token`; resolves to the exit code. Without a line feed, as cloudflared prints it. */
export async function runAccessToken(
  application: string | undefined,
  options: SignInFlags,
): Promise<number> {
  const voice = voiceOf('token')
  const destination = await namedApplication(application, options, voice)
  printText(await keptToken(destination, voice))
  return exitCodes.ok
}

function voiceOf(name: string): Voice {
  return processVoice({ format: 'human', level: 'warn', component: { human: name, json: name } })
}
