import { AppError, messageOf } from '../../errors.ts'
import { UnfinishedSignIn, type SignInTarget } from '../../identity/pending-flow.ts'
import { LimitedError } from '../../identity/rate-limit.ts'
import { callbackParameters } from '../../tunnel/sign-in.ts'
import type { PageContext } from '../answers/page-app.ts'
import { deviceId, failDevice, inWords } from './device-sign-in.ts'
import type { SignInParts } from './parts.ts'

/**
 * Tells everybody of a sign-in that came to nothing: the count, the audit, the operator when the
 * provider is at fault, the machine or the program that waits. Answers where the browser goes then;
 * undefined when it is to show the error itself. Never rejects.
 */
export async function failSignIn(
  c: PageContext,
  parts: SignInParts,
  error: unknown,
  target: SignInTarget | undefined = targetOf(error),
): Promise<URL | undefined> {
  // Counted and logged where it was thrown, once a minute; whoever asks too often can ask again.
  if (error instanceof LimitedError) return target && errorUrl(c, error, target)
  const { identity, metrics, signInLog, logger } = parts
  const { requestId } = c.env
  metrics.signedIn('failed')
  const fields = { during: 'sign-in', 'request-id': requestId }
  identity.providerFailures.report(error, providerOf(error), fields)
  if (target === undefined) {
    signInLog.refused(error, c)
    return undefined
  }
  const { device } = target
  signInLog.failed(error, c, device && { device: deviceId(device), user: device.userId })
  if (device !== undefined) await failDevice(c, parts, device, error)
  const location = errorUrl(c, error, target)
  if (location !== undefined && !(error instanceof AppError)) {
    logger.error('cannot finish a sign-in', { error: messageOf(error), 'request-id': requestId })
  }
  return location
}

function providerOf(error: unknown): string | undefined {
  return error instanceof UnfinishedSignIn ? error.provider : undefined
}

function targetOf(error: unknown): SignInTarget | undefined {
  return error instanceof UnfinishedSignIn ? error.target : undefined
}

/**
 * Where our own client waits for an answer, told that there will be none: it shows the page then. Stock
 * clients know no such answer, so their person sees the page here.
 */
function errorUrl(c: PageContext, error: unknown, target: SignInTarget): URL | undefined {
  if (target.carries !== 'code') return undefined
  const { code, message } = inWords(error)
  const url = new URL(target.returnTo)
  url.searchParams.set(callbackParameters.error, code.replaceAll('-', '_'))
  url.searchParams.set(callbackParameters.errorDescription, message)
  url.searchParams.set(callbackParameters.requestId, c.env.requestId)
  return url
}
