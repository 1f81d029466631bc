/** Runs test files in containers, or skips them whole where there can be none. */
import { inject, TestRunner, test } from 'vitest';
import './global-setup.ts';

export default class ContainersRunner extends TestRunner {
  override importFile(...[path, source]: Parameters<TestRunner['importFile']>): unknown {
    const containers = inject('containers');
    if (source === 'collect' && containers && 'skip' in containers) {
      test('runs in containers', (context) => context.skip(containers.skip));
      return undefined;
    }
    return super.importFile(path, source);
  }
}
