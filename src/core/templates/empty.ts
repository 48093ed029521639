/** Templates without a line: what an empty one means is in `template-names.ts`. */
import type { Override, Template } from '../model/replaced.ts';
import type { TemplateName } from '../model/template-names.ts';

/** Blanks and comments are no line. */
export const isEmptyText = (text: string): boolean =>
  text.split(/[\r\n]/).every((line) => /^(?:#.*)?$/.test(line.trim()));

export const isEmptyTemplate = ({ parts }: Template): boolean =>
  parts.every((part) => part.kind === 'literal' && isEmptyText(part.text));

/**
 * marathon-lb's way to close a service port: nothing to begin its frontend with, or Pacer's own frontend with nothing
 * behind it. A frontend of one's own may lead on by itself.
 * @param labels the texts of one port's templates
 */
export function closesServicePort(
  labels: Readonly<Partial<Record<TemplateName, string>>>,
  overrides: ReadonlyMap<TemplateName, Override>,
): boolean {
  const said = (name: TemplateName): 'own' | 'text' | 'empty' => {
    const [label, template] = [labels[name], overrides.get(name)?.template];
    if (label === undefined && template === undefined) return 'own';
    const isEmpty =
      label === undefined ? template !== undefined && isEmptyTemplate(template) : isEmptyText(label);
    return isEmpty ? 'empty' : 'text';
  };
  const head = said('FRONTEND_HEAD');
  return head === 'empty' || (head === 'own' && said('FRONTEND_BACKEND_GLUE') === 'empty');
}
