import type { Fault } from '../../desktop/wire/calls.ts'

/** What an answer says of a fault; one that says nothing is told as that. */
export function parseFault(text: string, status: number): Fault {
  try {
    const value = JSON.parse(text) as Partial<Fault>
    if (typeof value.code === 'string' && typeof value.message === 'string') return value as Fault
  } catch {
    // As below.
  }
  return notUnderstood(status)
}

/** Another program may have the port. */
export function notUnderstood(status: number): Fault {
  return { code: 'not-understood', message: `the answer was ${status}, and not Postern’s own` }
}
