# One method of another package on cells with folds: Rscript point_patterns.R METHOD FOLDER
#
# FOLDER holds cells.csv (x, y, area, count, fold, columns c1, c2, ...; NaN-free), points.csv (x, y, fold) and side.txt
# (side of a cell, side of a block). Each fold is predicted by a fit that has seen neither its cells nor its points.
# Written: METHOD.mean.csv, expected counts (one row per cell, one column per draw of what is uncertain), and
# METHOD.size.csv, one row per fold: negative binomial size of a cell, and of a block where it is a property of the
# block (NA: blocks are sums of independent cells); Inf is Poisson; METHOD.took.csv: seconds, processor seconds, without the
# start of R and of the packages, and peak memory [MB].
suppressMessages({
  library(spatstat)
  library(mgcv)
})
words <- commandArgs(TRUE)
method <- words[1]
folder <- words[2]
cells <- read.csv(file.path(folder, "cells.csv"))
points <- read.csv(file.path(folder, "points.csv"))
side <- scan(file.path(folder, "side.txt"), quiet = TRUE)
columns <- grep("^c[0-9]+$", names(cells), value = TRUE)
draws <- 400
set.seed(2026)

# Peak memory of this process, as the system counted it [MB]; NA where it cannot be read.
peak_mb <- function() {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA)
  as.numeric(gsub("[^0-9]", "", grep("^VmHWM", readLines(status), value = TRUE))) / 1024
}

normal_draws <- function(mean, covariance) {
  parts <- eigen(covariance, symmetric = TRUE)
  root <- parts$vectors %*% diag(sqrt(pmax(parts$values, 0)), length(mean))
  mean + root %*% matrix(rnorm(length(mean) * draws), length(mean))
}

# mgcv: negative binomial counts, covariates and a smooth surface; its uncertainty with that of the smoothing parameters
smooth_counts <- function(seen, unseen) {
  k <- if (nrow(seen) > 700) 150 else 100
  smooth <- if (method == "gam_gp") sprintf("s(x, y, bs = 'gp', k = %d)", k) else sprintf("s(x, y, k = %d)", k)
  wanted <- as.formula(paste("count ~", paste(c(columns, smooth, "offset(log(area))"), collapse = " + ")))
  fit <- gam(wanted, family = nb(), data = seen, method = "REML")
  at <- predict(fit, unseen, type = "lpmatrix")
  covariance <- if (is.null(fit$Vc)) fit$Vp else fit$Vc
  mean <- exp(at %*% normal_draws(coef(fit), covariance)) * unseen$area
  list(mean = mean, size = c(fit$family$getTheta(TRUE), NA))
}

# spatstat: log-linear intensity on pixels of half a cell; every column is an image of the cells
pixels <- function(values) {
  xs <- sort(unique(cells$x))
  ys <- sort(unique(cells$y))
  image <- matrix(NA_real_, length(ys), length(xs))
  image[cbind(match(cells$y, ys), match(cells$x, xs))] <- values
  im(image, xcol = xs, yrow = ys)
}

intensity <- function(fold, unseen) {
  images <- lapply(cells[columns], pixels)
  window <- as.owin(pixels(ifelse(cells$fold == fold, NA, 1)))
  inside <- points[points$fold != fold, ]
  pattern <- suppressWarnings(ppp(inside$x, inside$y, window = window))
  trend <- as.formula(paste("pattern ~", paste(columns, collapse = " + ")))
  if (method == "ppm") {
    fit <- ppm(trend, data = images, eps = side[1] / 2)
    beta <- normal_draws(coef(fit), vcov(fit))
    at <- cbind(1, as.matrix(unseen[columns]))
    return(list(mean = exp(at %*% beta) * unseen$area, size = c(Inf, NA)))
  }
  fit <- kppm(trend, clusters = if (method == "kppm_lgcp") "LGCP" else "Thomas", data = images, eps = side[1] / 2)
  at <- cbind(1, as.matrix(unseen[columns]))
  mean <- exp(at %*% coef(fit)) * unseen$area
  pair <- pcfmodel(fit)
  # variance of a count is mean + mean^2 times the average of g - 1 over pairs of places within the square
  excess <- function(length) {
    apart <- sqrt(rowSums(matrix(runif(40000) - runif(40000), ncol = 2)^2)) * length
    mean(pair(apart)) - 1
  }
  list(mean = mean, size = 1 / pmax(c(excess(side[1]), excess(side[2])), 1e-9))
}

before <- proc.time()
folds <- sort(unique(cells$fold))
result <- NULL
sizes <- NULL
for (fold in folds) {
  unseen <- cells[cells$fold == fold, ]
  part <- if (startsWith(method, "gam")) smooth_counts(cells[cells$fold != fold, ], unseen) else intensity(fold, unseen)
  if (is.null(result)) result <- matrix(NA_real_, nrow(cells), ncol(part$mean))
  result[cells$fold == fold, ] <- part$mean
  sizes <- rbind(sizes, part$size)
}
spent <- proc.time() - before
took <- c(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], peak_mb())
write.table(result, file.path(folder, paste0(method, ".mean.csv")), sep = ",", row.names = FALSE, col.names = FALSE)
write.table(sizes, file.path(folder, paste0(method, ".size.csv")), sep = ",", row.names = FALSE, col.names = FALSE)
write.table(t(took), file.path(folder, paste0(method, ".took.csv")), sep = ",", row.names = FALSE, col.names = FALSE)
