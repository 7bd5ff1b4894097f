import type {
  CriterionView,
  OperatorView,
  RuleView,
  TraceView,
} from '../../control/trial-protocol.ts'

const operatorWords: Readonly<Record<OperatorView['operator'], string>> = {
  and: 'and: all hold',
  or: 'or: one holds',
  not: 'not: none holds',
  nor: 'nor: not all hold',
}

const stateWords: Readonly<Record<RuleView['state'], string>> = {
  holds: 'holds',
  fails: 'does not hold',
  open: 'may hold after a sign-in',
  'not-asked': 'is not asked',
}

/** The lines of a trace, side by side with what was found, for a terminal. */
export function traceLines({ allow, deny }: TraceView): readonly string[] {
  const rules = [...deny.rules, ...allow.rules]
  if (rules.length === 0) return ['the route has no policy: nobody may use it']
  return rules.flatMap(ruleLines)
}

function ruleLines(rule: RuleView): readonly string[] {
  const { side, path, name, action, state, operators } = rule
  const where = [
    path === '' ? 'settings of the route' : path,
    ...(name === null ? [] : [`"${name}"`]),
  ]
  const head = `${action ?? side} (${where.join(', ')}) ${stateWords[state]}`
  return [head, ...operators.flatMap(operatorLines).map((line) => `  ${line}`)]
}

function operatorLines({ operator, part, value, criteria }: OperatorView): readonly string[] {
  const head = `${part === null ? operatorWords[operator] : part}: ${yesNo(value)}`
  return [head, ...criteria.flatMap(criterionLines).map((line) => `  ${line}`)]
}

function criterionLines(criterion: CriterionView): readonly string[] {
  const { criterion: name, asks, found, value, reason, needed } = criterion
  return [
    `${name} ${asksText(asks)}: ${yesNo(value)}, ${reason}; found ${found}`,
    ...(needed === null ? [] : [`  needs ${needed}`]),
  ]
}

function asksText(asks: unknown): string {
  return JSON.stringify(asks)
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}
