import type { Fault } from '../wire/calls.ts'

/** Why something is not done, as it is answered. */
export class Refusal extends Error {
  readonly status: number
  readonly fault: Fault

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.fault = { code, message, ...(hint !== undefined && { hint }) }
  }
}
