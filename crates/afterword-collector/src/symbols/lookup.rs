//! What there is for the modules of a minidump.
//!
//! Symbolicated is from the debug file, else the code file, else Breakpad's. Unwound is by the code file (of 32-bit Windows: by
//! the PDB), else Breakpad's. A file that turns out to have nothing of the kind gives way to the next.

use std::cmp::Reverse;
use std::collections::HashMap;

use afterword_symbols::Module;
use afterword_symbols::caches::{Caches, ModuleCaches};

use super::Symbols;
use super::caches::{Cache, Kind};
use super::files::DebugFile;
use super::servers::Chosen;
use crate::Error;
use crate::error::chain;

/// For one minidump.
#[derive(Debug)]
pub(crate) struct Found {
    symbols: Symbols,
    project_id: i64,
    by_base: HashMap<u64, ModuleCaches>,
    elsewhere: Option<Chosen>,
    runtime: tokio::runtime::Handle,
}

impl Symbols {
    /// Opens all caches that a project has for these modules; makes those that are gone.
    pub(crate) async fn look_up(&self, project_id: i64, modules: &[Module]) -> Result<Found, Error> {
        let files = self.of_modules(project_id, modules).await?;
        let mut by_base = HashMap::new();
        for module in modules {
            let of_module: Vec<&DebugFile> = files.iter().filter(|file| file.is_of(module)).collect();
            if !of_module.is_empty() {
                by_base.insert(module.base.0, self.open_all(&of_module).await?);
            }
        }
        Ok(Found {
            symbols: self.clone(),
            project_id,
            by_base,
            elsewhere: self.inner.servers.chosen(project_id).await?,
            runtime: tokio::runtime::Handle::current(),
        })
    }

    async fn open_all(&self, files: &[&DebugFile]) -> Result<ModuleCaches, Error> {
        let mut caches = ModuleCaches::default();
        for (kind, rank) in [
            (Kind::Symcache, rank_of_names as fn(&DebugFile) -> Option<u8>),
            (Kind::Cfi, rank_of_rules),
            (Kind::Sources, rank_of_sources),
        ] {
            let mut ranked: Vec<(u8, Reverse<i64>, &DebugFile)> = files
                .iter()
                .filter_map(|file| Some((rank(file)?, Reverse(file.id), *file)))
                .collect();
            ranked.sort_by_key(|(rank, newest, _)| (*rank, *newest));
            for (_, _, file) in ranked {
                match self.cache(file, kind).await? {
                    Cache::There(cache) => {
                        match kind {
                            Kind::Symcache => caches.symcache = Some(cache),
                            Kind::Cfi => caches.cfi = Some(cache),
                            Kind::Sources => caches.sources = Some(cache),
                        }
                        break;
                    }
                    Cache::Unreadable => caches.unreadable = true,
                    Cache::Nothing => {}
                }
            }
        }
        Ok(caches)
    }
}

fn rank_of_names(file: &DebugFile) -> Option<u8> {
    let is_breakpad = file.format == "breakpad";
    match (file.has("debug"), file.has("symtab")) {
        (true, _) if is_breakpad => Some(2),
        (true, _) if file.kind == "dbg" || file.format == "pdb" => Some(0),
        (true, _) => Some(1),
        (false, true) => Some(3),
        (false, false) => None,
    }
}

fn rank_of_rules(file: &DebugFile) -> Option<u8> {
    let is_companion = file.kind == "dbg" && file.format != "pdb";
    file.has("unwind").then_some(match file.format.as_str() {
        "breakpad" => 2,
        _ if is_companion => 1,
        _ => 0,
    })
}

fn rank_of_sources(file: &DebugFile) -> Option<u8> {
    (file.format == "sourcebundle").then_some(0)
}

impl Caches for Found {
    fn caches_of(&self, module: &Module) -> ModuleCaches {
        let known = self.by_base.get(&module.base.0).cloned().unwrap_or_default();
        let Some(chosen) = self.elsewhere.as_ref().filter(|_| known.symcache.is_none()) else {
            return known;
        };
        let fetched = self.runtime.block_on(async {
            match self.symbols.fetch_elsewhere(self.project_id, chosen, module).await? {
                files if files.is_empty() => Ok(None),
                files => self.symbols.open_all(&files.iter().collect::<Vec<_>>()).await.map(Some),
            }
        });
        match fetched {
            Ok(Some(fetched)) => ModuleCaches {
                symcache: fetched.symcache,
                cfi: known.cfi.or(fetched.cfi),
                sources: known.sources.or(fetched.sources),
                unreadable: known.unreadable || fetched.unreadable,
            },
            Ok(None) => known,
            Err(error) => {
                let error: Error = error;
                tracing::warn!(module = module.name, error = chain(&error), "could not fetch symbols");
                known
            }
        }
    }
}
