import type { MutantName } from './mutant.ts'

/** A mutant that no test kills, and why that is right. */
export interface Argued extends MutantName {
  /** It does the same as the source for everybody who calls it: no test could tell, and it does not count. */
  readonly isEquivalent: boolean
  readonly why: string
}

/** By file. What is killed or gone is to be taken out of here: `npm run mutants` names it. */
export const argued: readonly Argued[] = [
  {
    file: 'src/tunnel/grant-keys.ts',
    mutator: 'StringLiteral',
    at: "const find = ({ kid = '' }: JWSHeaderParameters): CryptoKey => {",
    from: "''",
    to: '"Stryker was here!"',
    isEquivalent: true,
    why: 'the name of a key that a grant without one has: no key has either, since they are named by their thumbprints',
  },
  {
    file: 'src/tunnel/grant-keys.ts',
    mutator: 'ConditionalExpression',
    at: 'if (learnt.size > maxLearntKeys && oldest !== undefined) learnt.delete(oldest)',
    from: 'oldest !== undefined',
    to: 'true',
    isEquivalent: true,
    why: 'for the compiler: where there are more than eight there is an oldest',
  },
  {
    file: 'src/tunnel/grant-keys.ts',
    mutator: 'ConditionalExpression',
    at: "if (key instanceof Uint8Array) throw new Error('it is no public key')",
    from: 'key instanceof Uint8Array',
    to: 'false',
    isEquivalent: true,
    why: 'for the compiler: jose makes bytes of secrets alone (kty "oct"), and this one is "OKP"',
  },
  {
    file: 'src/tunnel/grant-keys.ts',
    mutator: 'StringLiteral',
    at: "if (key instanceof Uint8Array) throw new Error('it is no public key')",
    from: "'it is no public key'",
    to: '""',
    isEquivalent: true,
    why: 'nobody comes there, as above',
  },
  {
    file: 'src/tunnel/verify-grant.ts',
    mutator: 'StringLiteral',
    at: "const texts = [iss, sub, jti, route, hostname, request, service ?? '']",
    from: "''",
    to: '"Stryker was here!"',
    isEquivalent: true,
    why: 'stands for a service that is not named, where it is only asked whether it is a text',
  },
  {
    file: 'src/access/authorize.ts',
    mutator: 'StringLiteral',
    at: "next: error.hint ?? '',",
    from: "''",
    to: '"Stryker was here!"',
    isEquivalent: true,
    why: 'for the compiler: a refusal by policy always has a hint',
  },
  {
    file: 'src/access/tunnel-register.ts',
    mutator: 'ConditionalExpression',
    at: 'if (whose === undefined || whose.routeId === routeId) return',
    from: 'whose.routeId === routeId',
    to: 'false',
    isEquivalent: true,
    why: 'a tunnel that is taken from its route and put under it again: the counts are the same',
  },
  {
    file: 'src/access/tunnel-register.ts',
    mutator: 'ConditionalExpression',
    at: 'if (key === undefined) return',
    from: 'key === undefined',
    to: 'false',
    isEquivalent: true,
    why: 'what stands under no key nobody asks for',
  },
  {
    file: 'src/access/tunnel-register.ts',
    mutator: 'OptionalChaining',
    at: 'set?.delete(entry)',
    from: 'set?.delete',
    to: 'set.delete',
    isEquivalent: true,
    why: 'for the compiler: what is removed was added',
  },
  {
    file: 'src/access/tunnel-register.ts',
    mutator: 'OptionalChaining',
    at: 'if (set?.size === 0) sets.delete(key)',
    from: 'set?.size',
    to: 'set.size',
    isEquivalent: true,
    why: 'for the compiler: what is removed was added',
  },
]
