import { systemClock } from '../../clock.ts'
import { noteText } from './print.ts'
import { createVoice, type Voice, type VoiceOptions } from './voice.ts'

/**
 * Lines that are kept while a program has the terminal.
 *
 * @limit lines about connections that are kept until a program has ended: the rest is counted
 */
const maxLines = 100

/** A voice that is heard later. */
export interface KeptVoice {
  readonly voice: Voice
  /** Says what was kept, each line with the time at which it came. */
  say(): void
}

/** Keeps what is said while a program has the terminal, which its words would garble. */
export function keptVoice(component: VoiceOptions['component']): KeptVoice {
  const lines: string[] = []
  let leftOut = 0
  const voice = createVoice({
    format: 'human',
    level: 'warn',
    component,
    write(text) {
      if (lines.length < maxLines) lines.push(text)
      else leftOut += 1
    },
    useColour: false,
    now: systemClock.now,
  })
  return {
    voice,
    say() {
      for (const line of lines) noteText(line)
      if (leftOut > 0) noteText(`${leftOut} further lines are left out\n`)
    },
  }
}
