# Draws of the total over unsearched cells by another package: Rscript field.R METHOD FOLDER
#
# FOLDER holds world_1.csv, world_2.csv, ... (row, col, exposure, found; exposure 0 is unsearched), priors.csv (mean, sd)
# and, for TMB, field.so. Written: METHOD.totals.csv, one row per world, and METHOD.took.csv: seconds and
# processor seconds of the slowest world, without the start of R and of the packages, and peak memory [MB].
suppressMessages({
  library(Matrix)
  library(mgcv)
  library(TMB)
})
words <- commandArgs(TRUE)
method <- words[1]
folder <- words[2]
draws <- 400
set.seed(2026)
priors <- as.matrix(read.csv(file.path(folder, "priors.csv")))

# Peak memory of this process, as the system counted it [MB]; NA where it cannot be read.
peak_mb <- function() {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA)
  as.numeric(gsub("[^0-9]", "", grep("^VmHWM", readLines(status), value = TRUE))) / 1024
}

by_bam <- function(world) {
  seen <- world[world$exposure > 0, ]
  unseen <- world[world$exposure == 0, ]
  k <- if (nrow(world) > 2000) 120 else 60
  fit <- bam(found ~ s(row, col, bs = "gp", k = k) + offset(log(exposure)), family = poisson(), data = seen)
  unseen$exposure <- 1
  at <- predict(fit, unseen, type = "lpmatrix")
  covariance <- if (is.null(fit$Vc)) fit$Vp else fit$Vc
  parts <- eigen(covariance, symmetric = TRUE)
  root <- parts$vectors %*% diag(sqrt(pmax(parts$values, 0)))
  colSums(exp(at %*% (coef(fit) + root %*% matrix(rnorm(length(coef(fit)) * draws), ncol = draws))))
}

graph_of <- function(rows, cols) {
  path <- function(n) bandSparse(n, k = c(-1, 1), diagonals = list(rep(1, n - 1), rep(1, n - 1)))
  near <- kronecker(Diagonal(cols), path(rows)) + kronecker(path(cols), Diagonal(rows))
  as(Diagonal(x = rowSums(near)) - near, "dgCMatrix")
}

by_tmb <- function(world) {
  dyn.load(file.path(folder, "field.so"))
  rows <- max(world$row) + 1
  cols <- max(world$col) + 1
  graph <- graph_of(rows, cols)
  node <- world$row + rows * world$col
  seen <- world$exposure > 0
  data <- list(
    found = world$found[seen], exposure = world$exposure[seen], cell = node[seen],
    one = as(as(Diagonal(rows * cols), "generalMatrix"), "CsparseMatrix"), graph = graph,
    twice = as(graph %*% graph, "dgCMatrix"), prior = priors
  )
  start <- list(hyper = priors[, 1], field = rep(0, rows * cols))
  made <- MakeADFun(data, start, random = "field", DLL = "field", silent = TRUE)
  fit <- nlminb(made$par, made$fn, made$gr)
  report <- sdreport(made, getJointPrecision = TRUE)
  factor <- Cholesky(forceSymmetric(report$jointPrecision), perm = TRUE, LDL = FALSE)
  white <- matrix(rnorm(nrow(report$jointPrecision) * draws), ncol = draws)
  off <- as.matrix(solve(factor, solve(factor, white, system = "Lt"), system = "Pt"))
  names <- rownames(report$jointPrecision)
  best <- made$env$last.par.best
  best[names == "hyper"] <- fit$par
  all <- best + off
  level <- all[which(names == "hyper")[3], ]
  field <- all[which(names == "field"), ][node[!seen] + 1, ]
  colSums(exp(field + rep(level, each = nrow(field))))
}

files <- list.files(folder, pattern = "^world_.*\\.csv$", full.names = TRUE)
took <- c(0, 0)
totals <- NULL
for (file in files[order(nchar(files), files)]) {
  world <- read.csv(file)
  before <- proc.time()
  expected <- if (method == "tmb") by_tmb(world) else by_bam(world)
  spent <- proc.time() - before
  if (spent[["elapsed"]] > took[1]) took <- c(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]])
  totals <- rbind(totals, rpois(draws, pmin(expected, 1e9)))
}
write.table(totals, file.path(folder, paste0(method, ".totals.csv")), sep = ",", row.names = FALSE, col.names = FALSE)
write.table(t(c(took, peak_mb())), file.path(folder, paste0(method, ".took.csv")), sep = ",", row.names = FALSE, col.names = FALSE)
