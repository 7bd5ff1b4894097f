import { RE2JS } from 're2js'
import { messageOf, PeerError } from '../../errors.ts'

/**
 * Longest pattern, in UTF-16 units.
 *
 * @limit a pattern of `match_subject_alt_names`: the configuration does not load
 */
const maxPatternLength = 1_024
/**
 * Longest name that a pattern is tried on, in UTF-16 units; a longer one matches nothing.
 *
 * @limit a name in a client certificate that a pattern is tried on, in UTF-16 units: it matches
 * nothing
 */
const maxNameLength = 2_048
/**
 * Most steps a pattern may compile to: repetitions are written out, and each may be tried at every
 * character of a name.
 *
 * @limit steps that a pattern of `match_subject_alt_names` compiles to: the configuration does
 * not load
 */
const maxSteps = 2_000

/**
 * Compiles a regular expression of RE2's syntax, as Pomerium reads it; it must match a whole name. It
 * runs in linear time, which JavaScript's own does not: names come from certificates that others made.
 *
 * @throws PeerError `invalid-pattern`, saying why
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function compileNamePattern(pattern: string): (name: string) => boolean {
  if (pattern.length > maxPatternLength) {
    throw invalid(`it is longer than ${maxPatternLength} characters`)
  }
  const compiled = compile(pattern)
  if (compiled.programSize() > maxSteps) {
    throw invalid('it is too large: its repetitions take too many steps')
  }
  return (name) => name.length <= maxNameLength && compiled.matches(name)
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw invalid(messageOf(error).replace(/^error parsing regexp: /, ''))
  }
}

function invalid(why: string): PeerError {
  return new PeerError('invalid-pattern', why)
}
