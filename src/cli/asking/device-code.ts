import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import { isTerminal, standardOutput, terminalColumns } from '../../standard-output.ts'
import { cleanLine } from '../../terminal-text.ts'
import type { Voice } from '../speech/voice.ts'

/** What a text is shown on. */
export interface Screen {
  readonly isTTY: boolean
  /** Undefined when it is no terminal. */
  readonly columns: number | undefined
}

/** Light modules around a QR code; its standard asks for 4, readers are content with 2. */
const quietZone = 2
/** White on black whatever the terminal's own colours are: a reader needs dark on light. */
const [whiteOnBlack, plain] = ['\u001B[97;40m', '\u001B[0m']

/** Shows the code of a sign-in without a browser: to a person, or as a line for a script. */
export function presentDeviceCode(
  code: DeviceCodeAnswer,
  logFormat: 'human' | 'json',
  voice: Voice,
): void {
  if (logFormat === 'json') {
    voice.warn('auth required', {
      'auth-url': code.verificationUri,
      'auth-url-complete': code.verificationUriComplete,
      'user-code': code.userCode,
      'expires-in-seconds': code.expiresInSeconds,
    })
    return
  }
  const screen = { isTTY: isTerminal(2), columns: terminalColumns(2) }
  // Loaded only now: most runs need no QR code.
  void import('uqr').then(({ renderUnicodeCompact }) => {
    const drawQr = (text: string): string => renderUnicodeCompact(text, { border: quietZone })
    standardOutput(2).write(formatDeviceCode(code, screen, drawQr))
  })
}

/** The code and where to type it; with a QR code on a terminal that is wide enough for it. */
export function formatDeviceCode(
  { verificationUri, verificationUriComplete, userCode, expiresInSeconds }: DeviceCodeAnswer,
  { isTTY, columns }: Screen,
  drawQr: (text: string) => string,
): string {
  const minutes = Math.round(expiresInSeconds / 60)
  const lines = isTTY ? drawQr(verificationUriComplete).split('\n') : []
  const width = Math.max(0, ...lines.map((line) => line.length))
  const fits = isTTY && width <= (columns ?? 0)
  return [
    'to sign in, open this address in a browser on any machine:\n\n',
    `  ${cleanLine(verificationUriComplete)}\n\n`,
    'and compare the code that it shows with this one:\n\n',
    `  ${cleanLine(userCode)}\n\n`,
    ...(verificationUri === verificationUriComplete
      ? []
      : [`by hand: type it at ${cleanLine(verificationUri)}\n`]),
    ...(fits ? ['or scan this:\n\n', ...lines.map(paint), '\n'] : []),
    `waiting; the code is good for ${minutes} minutes, and Ctrl-C gives up\n`,
  ].join('')
}

function paint(line: string): string {
  return `${whiteOnBlack}${line}${plain}\n`
}
