import type { z } from 'zod'
import type { Calls } from '../wire/calls.ts'

/** A call, and what serves it. */
export interface Row {
  readonly call: keyof Calls
  /** Undefined for a call without a body. */
  readonly input: z.ZodType | undefined
  serve(input: unknown, param: (name: string) => string, request: Request): Promise<object>
}

/** What is behind a call; `input` has been checked. */
export type Serve<Input, Answer> = (
  input: Input,
  param: (name: string) => string,
  request: Request,
) => Answer | Promise<Answer>

/** A row whose answer is what `Calls` says; `input` reads its body. */
export function row<Name extends keyof Calls, Schema extends z.ZodType>(
  call: Name,
  input: Schema,
  serve: Serve<z.output<Schema>, Calls[Name]['answer']>,
): Row {
  return {
    call,
    input,
    serve: async (value, param, request) => serve(value as z.output<Schema>, param, request),
  }
}

/** The same for a call without a body. */
export function ask<Name extends keyof Calls>(
  call: Name,
  serve: (
    param: (name: string) => string,
    request: Request,
  ) => Calls[Name]['answer'] | Promise<Calls[Name]['answer']>,
): Row {
  return { call, input: undefined, serve: async (_, param, request) => serve(param, request) }
}
