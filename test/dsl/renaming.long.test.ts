/** Names decide nothing where roles are declared: every verdict survives a renaming of the inputs. */
import { subjects, surviveRenaming } from "../support/renaming.ts";

surviveRenaming(Object.keys(subjects));
