import { Text, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type {
  CriterionTraceView,
  OperatorTraceView,
  PolicyTraceView,
  RuleTraceView,
  SideTraceView,
} from '../../../console/wire/trace.ts'
import { sentence } from '../../ui/sentence.ts'
import { shownText } from '../documents/body.ts'
import '../documents/documents.css'
import './trial.css'

/** Why a policy decides as it does: side, rule, operator, criterion. */
export function Trace({ trace }: { readonly trace: PolicyTraceView }): ReactNode {
  const isEmpty = trace.allow.rules.length === 0 && trace.deny.rules.length === 0
  if (isEmpty) return <Text>There is no rule: nobody gets in.</Text>
  return (
    <div className="trace">
      <Side side="allow" trace={trace.allow} />
      <Side side="deny" trace={trace.deny} />
    </div>
  )
}

interface SideProps {
  readonly side: 'allow' | 'deny'
  readonly trace: SideTraceView
}

function Side({ side, trace: { rules, value } }: SideProps): ReactNode {
  if (rules.length === 0) return null
  return (
    <section aria-label={side}>
      <Text fw={600}>
        {side === 'allow'
          ? value
            ? 'A rule lets them in'
            : 'No rule lets them in'
          : value
            ? 'A rule keeps them out'
            : 'No rule keeps them out'}
      </Text>
      <ul>
        {rules.map((rule, index) => (
          <Rule key={`${rule.path} ${index}`} rule={rule} />
        ))}
      </ul>
    </section>
  )
}

const states: Readonly<Record<RuleTraceView['state'], string>> = {
  holds: 'holds',
  fails: 'does not hold',
  open: 'may hold for somebody who signs in',
  'not-asked': 'was not asked: an earlier one decides, or it is not about such callers',
}

function Rule({ rule }: { readonly rule: RuleTraceView }): ReactNode {
  const { name, action, path, state, operators } = rule
  const where = path === '' ? 'a setting of the route' : path
  return (
    <li>
      <Text component="div" size="sm">
        <Mark isTrue={state === 'holds'} isOpen={state === 'open' || state === 'not-asked'} />
        {action !== null && <b>{action} </b>}
        {name !== null && <b>“{name}” </b>}
        <code>{where}</code> {states[state]}
      </Text>
      <ul>
        {operators.map((operator, index) => (
          <Operator key={index} operator={operator} />
        ))}
      </ul>
    </li>
  )
}

const operatorDocs: Readonly<Record<OperatorTraceView['operator'], string>> = {
  and: 'all of these',
  or: 'one of these',
  not: 'none of these',
  nor: 'not all of these',
}

function Operator({ operator: view }: { readonly operator: OperatorTraceView }): ReactNode {
  const { operator, part, value, criteria } = view
  if (criteria.length === 0) return null
  return (
    <li>
      <Text component="div" size="sm">
        <Mark isTrue={value} />
        <code>{part ?? operator}</code> <span className="trace-doc">{operatorDocs[operator]}</span>
      </Text>
      <ul>
        {criteria.map((criterion, index) => (
          <Criterion key={index} criterion={criterion} />
        ))}
      </ul>
    </li>
  )
}

function Criterion({ criterion: view }: { readonly criterion: CriterionTraceView }): ReactNode {
  const { criterion, asks, found, value, needed } = view
  return (
    <li>
      <div className="criterion">
        <div>
          <Mark isTrue={value} />
          <code>
            {criterion}: {shownText(asks)}
          </code>
        </div>
        <div>
          <span className="trace-doc">Found:</span> {sentence(found)}
          {needed !== null && (
            <div>
              <span className="trace-doc">Needed:</span> {sentence(needed)}
            </div>
          )}
        </div>
      </div>
    </li>
  )
}

/** By its form as well as its colour. */
function Mark({
  isTrue,
  isOpen = false,
}: {
  readonly isTrue: boolean
  readonly isOpen?: boolean
}): ReactNode {
  const [sign, said, colour] = isTrue
    ? ['✓', 'yes', 'row-good']
    : isOpen
      ? ['·', 'open', 'trace-doc']
      : ['✗', 'no', 'row-bad']
  return (
    <>
      <span aria-hidden className={`trace-mark ${colour}`}>
        {sign}
      </span>
      <VisuallyHidden>{said}: </VisuallyHidden>
    </>
  )
}
