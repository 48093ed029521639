/** Looks at an operator's Handlebars fragment at start: its syntax, its helpers, and the data it asks for. */
import Handlebars from 'handlebars';
import { nearest } from '../../core/collections/nearest.ts';
import { messageOf, PacerError } from '../../errors.ts';
import { fragmentData, type FragmentName } from '../fragment-data.ts';
import { helpers } from '../helpers.ts';

export interface FragmentSource {
  readonly place: string;
  readonly text: string;
}

const builtIn = ['if', 'unless', 'each', 'with', 'lookup', 'log'];

/** @throws PacerError OPERATOR_TEMPLATE_INVALID */
export function checkFragment(name: FragmentName, { place, text }: FragmentSource): void {
  const known: readonly string[] = fragmentData[name];
  const helperNames = [...builtIn, ...Object.keys(helpers)];
  const invalid = (line: number, reason: string, remedy: string) =>
    new PacerError('OPERATOR_TEMPLATE_INVALID', `${place} line ${line}: ${reason}`, remedy);
  const judgePath = (path: hbs.AST.PathExpression, isHelper: boolean) => {
    const [word = ''] = path.parts.map(String);
    const candidates = isHelper ? helperNames : [...known, ...helperNames];
    if (path.data || path.depth > 0 || word === '' || candidates.includes(word)) return;
    const guess = nearest(word, candidates);
    const there = known.length === 0 ? 'this fragment has no data' : `there are ${known.join(', ')}`;
    throw invalid(
      path.loc.start.line,
      isHelper ? `there is no helper ${word}` : `there is no ${word} here`,
      `${guess === undefined ? '' : `did you mean ${guess}? `}${isHelper ? `there are ${helperNames.join(', ')}` : there}`,
    );
  };
  /** Blocks of `each` and `with` have data of their own. */
  let inner = 0;
  const visitor = new Handlebars.Visitor();
  visitor.PathExpression = (path: hbs.AST.PathExpression) => {
    if (inner === 0) judgePath(path, false);
  };
  visitor.BlockStatement = function (block: hbs.AST.BlockStatement) {
    judgePath(block.path, true);
    for (const param of block.params) this.accept(param);
    const own = ['each', 'with'].includes(block.path.original);
    if (own) inner += 1;
    this.accept(block.program);
    if (own) inner -= 1;
    // Handlebars has none where there is no {{else}}, whatever its types say.
    this.accept(block.inverse);
  };
  let ast: hbs.AST.Program;
  try {
    ast = Handlebars.parse(text);
  } catch (error) {
    const line = Number(/line (\d+)/.exec(messageOf(error))?.[1] ?? 1);
    throw invalid(
      line,
      'its braces or blocks do not fit together',
      'close each {{#if}}, {{#unless}} and {{#each}}; write \\{{ for braces of HAProxy’s',
    );
  }
  visitor.accept(ast);
}
