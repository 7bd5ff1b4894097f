import type { ControlClient } from '../../src/control/client.ts'
import type { AskGateway, Question, Answer } from './ask.ts'
import type { Random } from './random.ts'
import type { Records } from './records.ts'

/**
 * Somebody who changes one kind of thing, one change after the other, and writes down what was acknowledged. What was
 * asked for and not answered may have come about or not.
 */
export interface Actor {
  readonly name: string
  /** Makes a change; rejects once the gateway is gone. */
  act(): Promise<void>
  /** Holds what the gateway says after a kill to what was acknowledged, and settles what was under way. */
  check(): Promise<void>
}

/** What actors reach. */
export interface Stage {
  readonly origin: string
  readonly port: number
  readonly ca: string
  readonly random: Random
  readonly records: Records
  readonly control: ControlClient
  readonly ask: AskGateway
  /** As an administrator, who must not be refused. */
  askAsAdmin(question: Question): Promise<Answer>
  /** Runs what asks for a change, and tells whoever kills of it. */
  change<T>(ask: () => Promise<T>): Promise<T>
  /** A text that no other change has. */
  mark(what: string): string
}
