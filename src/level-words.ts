import type { LogLevel } from './log.ts'

/** How a level is shown to people. */
export const levelLabels: Readonly<Record<LogLevel, string>> = {
  debug: 'DBG',
  info: 'INF',
  warn: 'WRN',
  error: 'ERR',
}

/** Its colour (ECMA-48 8.3.117, SGR). */
const colours: Readonly<Record<LogLevel | 'dim', number>> = {
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  dim: 90,
}

/** A text of our own in the colour of a level, where colours are wanted. */
export function paint(text: string, colour: LogLevel | 'dim', useColour: boolean): string {
  return useColour ? `\u001B[${colours[colour]}m${text}\u001B[0m` : text
}
