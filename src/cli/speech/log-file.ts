import { openSync } from 'node:fs'
import { SystemError, messageOf } from '../../errors.ts'
import { openLineOutput, type LineOutput } from '../../line-output.ts'
import type { LogLevel } from '../../log.ts'
import { createVoice, type Voice, type VoiceOptions } from './voice.ts'

/** A file (0600 when it is made) that what a command says is appended to, as JSON lines. */
export interface LogFile {
  readonly voice: Voice
  readonly output: LineOutput
}

/**
 * Opens it.
 *
 * @throws SystemError `output-unusable`
 */
export function openLogFile(
  path: string,
  options: Pick<VoiceOptions, 'component'> & { readonly level: LogLevel },
): LogFile {
  const output = openLineOutput(open(path))
  const write = (text: string): void => output.write(text)
  const voice = createVoice({
    ...options,
    format: 'json',
    write,
    useColour: false,
    now: Date.now,
  })
  return { voice, output }
}

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (cause) {
    throw new SystemError('output-unusable', `cannot write "${path}": ${messageOf(cause)}`, {
      cause,
      hint: 'name a file in a directory that this user may write',
    })
  }
}

/** Says everything twice. */
export function bothVoices(one: Voice, other: Voice): Voice {
  return {
    debug: (message, fields) => (one.debug(message, fields), other.debug(message, fields)),
    info: (message, fields) => (one.info(message, fields), other.info(message, fields)),
    warn: (message, fields) => (one.warn(message, fields), other.warn(message, fields)),
    error: (message, fields) => (one.error(message, fields), other.error(message, fields)),
    fatal: (error) => (one.fatal(error), other.fatal(error)),
  }
}
